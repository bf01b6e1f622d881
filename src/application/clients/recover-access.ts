import { accountSuspended } from '#src/application/access/denial-reason.js';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import {
  FRESH_KEY_MS,
  MAX_REVOKED_KEYS_KEPT,
  MAX_USABLE_KEYS,
  UNKNOWN_USE_MS,
} from '#src/domain/access/api-key.js';
import { AppError } from '#src/domain/errors.js';
import type { ApiKeyUses } from '../background/api-key-uses.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import { isoTime } from '../ports/system/clock.js';
import { type ApiKeyIssuers, type IssuedApiKey, issueApiKey } from './issue-api-key.js';
import type { PasswordAttempts } from './password-attempts.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
  readonly passwordAttempts: PasswordAttempts;
  readonly uses: Pick<ApiKeyUses, 'flush'>;
  readonly audit: AuditLog;
}

export interface RecoverAccessInput {
  readonly email: string;
  readonly password: string;
  readonly name?: string | null;
  readonly origin: RequestOrigin;
}

/**
 * A new key for an owner who lost theirs; at the bound one that was never used gives way, or else the one that was unused
 * for longest, and one that is new itself only where all are. An unknown email takes as long as a wrong password and answers the same, and so does a password that was
 * changed meanwhile. Only the owner learns that an account is suspended.
 */
export class RecoverAccess {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: RecoverAccessInput): Promise<IssuedApiKey> {
    const { clients, uses, clock, audit } = this.#deps;
    const { origin } = input;
    const { clientId, passwordHash } = await this.#proveOwner(input);
    // A key in use must not look unused because its use has not been written yet.
    await uses.flush();
    const { stored, issued } = issueApiKey(this.#deps, input.name ?? null);
    const nowMs = clock.now();
    const result = await clients.recoverKey(clientId, stored, {
      passwordHash,
      maxUsable: MAX_USABLE_KEYS,
      sparedSince: isoTime(nowMs - FRESH_KEY_MS),
      revokedAt: isoTime(nowMs),
      unknownUseAt: isoTime(nowMs - UNKNOWN_USE_MS),
      maxRevokedKept: MAX_REVOKED_KEYS_KEPT,
    });
    if (result === 'changed') throw wrongCredentials();
    if (result === 'suspended') throw accountSuspended();
    for (const keyId of result) audit.record({ event: 'key_revoked', origin, clientId, keyId });
    audit.record({ event: 'key_recovered', origin, clientId, keyId: issued.id });
    return issued;
  }

  /** Answers whose it is, and what the password was right for. */
  async #proveOwner({
    email,
    password,
    origin,
  }: RecoverAccessInput): Promise<{ clientId: string; passwordHash: string }> {
    const { clients, passwordAttempts, audit } = this.#deps;
    const attempt = await passwordAttempts.begin(email, origin);
    const lookup = clients.findCredentialsByEmail(email);
    const isOwner = await attempt.verify(
      password,
      lookup.then((found) => found?.passwordHash ?? null),
    );
    const credentials = await lookup;
    if (credentials !== null && isOwner) {
      return { clientId: credentials.client.id, passwordHash: credentials.passwordHash };
    }
    audit.record({ event: 'login_failed', origin, clientId: credentials?.client.id });
    throw wrongCredentials();
  }
}

function wrongCredentials(): AppError {
  return new AppError('unauthenticated', { detail: 'Email or password is wrong.' });
}
