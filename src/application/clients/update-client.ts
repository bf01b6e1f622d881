import type { RequestOrigin } from '#src/application/access/request-origin.js';
import { type Client, emailLookup } from '#src/domain/clients/client.js';
import { assertEmailIsNotPassword } from '#src/domain/clients/password-policy.js';
import { AppError, invalidFields } from '#src/domain/errors.js';
import type { CommonPasswords } from '../ports/access/common-passwords.js';
import type { PasswordHasher } from '../ports/access/password-hasher.js';
import type { ClientRepository, VerifiedCredentials } from '../ports/storage/client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import type { PasswordAttempts } from './password-attempts.js';
import { requireAcceptablePassword } from './password-rules.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly passwords: PasswordHasher;
  readonly passwordAttempts: PasswordAttempts;
  readonly commonPasswords: CommonPasswords;
  readonly audit: AuditLog;
}

export interface UpdateClientInput {
  readonly clientId: string;
  readonly storeName?: string | null;
  readonly email?: string;
  readonly newPassword?: string;
  readonly currentPassword?: string;
  readonly origin: RequestOrigin;
}

interface Proof {
  readonly verified: VerifiedCredentials | null;
  readonly passwordHash?: string;
}

/** Changes an account; what could be used to take it over needs the current password. */
export class UpdateClient {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: UpdateClientInput): Promise<Client> {
    const { clientId, storeName, email, newPassword, origin } = input;
    const { clients, audit } = this.#deps;
    if (storeName === undefined && email === undefined && newPassword === undefined) {
      throw invalidFields({ field: 'body', message: 'must change storeName, email or newPassword' });
    }
    const { verified, passwordHash } = await this.#proveOwner(input);

    const changes = {
      ...(storeName === undefined ? {} : { storeName }),
      ...(email === undefined ? {} : { email }),
      ...(passwordHash === undefined ? {} : { passwordHash }),
    };
    const client = await clients.update(clientId, changes, verified, origin.actorKeyId);
    if (client === null) throw new AppError('unauthenticated');
    if (email !== undefined) audit.record({ event: 'email_changed', origin, clientId });
    if (newPassword !== undefined) audit.record({ event: 'password_changed', origin, clientId });
    return client;
  }

  /** Where it must be proven, or is offered. Answers what it was proven by, and the new password's hash. */
  async #proveOwner(input: UpdateClientInput): Promise<Proof> {
    const { clients, passwords, passwordAttempts, commonPasswords, audit } = this.#deps;
    const { clientId, email, newPassword, currentPassword, origin } = input;
    if (currentPassword === undefined) {
      if (email === undefined && newPassword === undefined) return { verified: null };
      throw invalidFields({
        field: 'currentPassword',
        message: 'is needed to change the email or the password',
      });
    }
    const credentials = await clients.findCredentials(clientId);
    if (credentials === null) throw new AppError('unauthenticated');
    const attempt = await passwordAttempts.begin(credentials.client.email, origin);
    if (!(await attempt.verify(currentPassword, credentials.passwordHash))) {
      audit.record({ event: 'login_failed', origin, clientId });
      throw new AppError('forbidden', { detail: 'The current password is wrong.' });
    }
    const verified = { email: credentials.client.email, passwordHash: credentials.passwordHash };
    if (newPassword === undefined) {
      if (email !== undefined) assertEmailIsNotPassword(email, currentPassword);
      return { verified };
    }
    await requireAcceptablePassword(commonPasswords, newPassword, email ?? verified.email, 'newPassword');
    const party = { account: emailLookup(verified.email), address: origin.rateLimitAddress };
    return { verified, passwordHash: await passwords.hash(newPassword, party) };
  }
}
