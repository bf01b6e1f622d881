import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type { ClientRepository } from '#src/application/ports/client-repository.js';
import type { CommonPasswords } from '#src/application/ports/common-passwords.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';
import { AppError, invalidFields } from '#src/domain/app-error.js';
import { type Client, emailLookup } from '#src/domain/client.js';
import { assertEmailIsNotPassword } from '#src/domain/password-policy.js';
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

/** Changes an account; what could be used to take it over needs the current password. */
export class UpdateClient {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: UpdateClientInput): Promise<Client> {
    const { clientId, storeName, email, newPassword, origin } = input;
    const { clients, audit } = this.deps;
    if (storeName === undefined && email === undefined && newPassword === undefined) {
      throw invalidFields({ field: 'body', message: 'must change storeName, email or newPassword' });
    }
    const passwordHash = await this.proveOwner(input);

    const client = await clients.update(clientId, {
      ...(storeName === undefined ? {} : { storeName }),
      ...(email === undefined ? {} : { email }),
      ...(passwordHash === undefined ? {} : { passwordHash }),
    });
    if (client === null) throw new AppError('unauthenticated');
    if (email !== undefined) audit.record({ event: 'email_changed', origin, clientId });
    if (newPassword !== undefined) audit.record({ event: 'password_changed', origin, clientId });
    return client;
  }

  /** Where it must be proven, or is offered. Answers the new password's hash, if there is a new one. */
  private async proveOwner(input: UpdateClientInput): Promise<string | undefined> {
    const { clients, passwords, passwordAttempts, commonPasswords, audit } = this.deps;
    const { clientId, email, newPassword, currentPassword, origin } = input;
    if (currentPassword === undefined) {
      if (email === undefined && newPassword === undefined) return undefined;
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
    if (newPassword === undefined) {
      if (email !== undefined) assertEmailIsNotPassword(email, currentPassword);
      return undefined;
    }
    await requireAcceptablePassword(
      commonPasswords,
      newPassword,
      email ?? credentials.client.email,
      'newPassword',
    );
    const { email: account } = credentials.client;
    return passwords.hash(newPassword, { account: emailLookup(account), address: origin.addressUnit });
  }
}
