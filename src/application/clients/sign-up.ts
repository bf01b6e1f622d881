import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { LimitSettings } from '#src/application/limits/limit-settings.js';
import { type Client, emailLookup } from '#src/domain/clients/client.js';
import type { FailureLimiter } from '../limits/failure-limiter.js';
import type { KnownAddresses } from '../limits/known-addresses.js';
import type { CommonPasswords } from '../ports/access/common-passwords.js';
import type { PasswordHasher } from '../ports/access/password-hasher.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import { isoTime } from '../ports/system/clock.js';
import { type ApiKeyIssuers, type IssuedApiKey, issueApiKey } from './issue-api-key.js';
import { requireAcceptablePassword } from './password-rules.js';
import { SignupQuota } from './signup-quota.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
  readonly passwords: PasswordHasher;
  readonly commonPasswords: CommonPasswords;
  readonly knownAddresses: KnownAddresses;
  readonly audit: AuditLog;
  readonly failureLimiter: FailureLimiter;
  readonly limits: LimitSettings;
}

export interface SignUpInput {
  readonly email: string;
  readonly password: string;
  readonly storeName?: string | null;
  readonly origin: RequestOrigin;
}

/** Makes an account with its first key. */
export class SignUp {
  readonly #deps: Dependencies;
  readonly #quota: SignupQuota;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#quota = new SignupQuota(deps);
  }

  async execute(input: SignUpInput): Promise<{ client: Client; apiKey: string }> {
    const { commonPasswords, knownAddresses, audit } = this.#deps;
    await requireAcceptablePassword(commonPasswords, input.password, input.email, 'password');
    const { client, issued } = await this.#quota.spend(input.origin, () => this.#create(input));
    await knownAddresses.remember(emailLookup(input.email), input.origin.rateLimitAddress);
    audit.record({ event: 'signup', origin: input.origin, clientId: client.id, keyId: issued.id });
    return { client, apiKey: issued.apiKey };
  }

  async #create(input: SignUpInput): Promise<{ client: Client; issued: IssuedApiKey }> {
    const { clients, passwords, ids, clock } = this.#deps;
    const passwordHash = await passwords.hash(input.password, {
      account: emailLookup(input.email),
      address: input.origin.rateLimitAddress,
    });
    const client: Client = {
      id: ids.next(),
      email: input.email,
      storeName: input.storeName ?? null,
      createdAt: isoTime(clock.now()),
    };
    const { stored, issued } = issueApiKey(this.#deps, null);
    await clients.create({ client, passwordHash }, stored);
    return { client, issued };
  }
}
