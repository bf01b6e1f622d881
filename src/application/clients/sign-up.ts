import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type { ClientRepository } from '#src/application/ports/client-repository.js';
import { isoTime } from '#src/application/ports/clock.js';
import type { CommonPasswords } from '#src/application/ports/common-passwords.js';
import type { KnownAddresses } from '#src/application/ports/known-addresses.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';
import { type Client, emailLookup } from '#src/domain/client.js';
import { type ApiKeyIssuers, issueApiKey } from './issue-api-key.js';
import { requireAcceptablePassword } from './password-rules.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
  readonly passwords: PasswordHasher;
  readonly commonPasswords: CommonPasswords;
  readonly knownAddresses: KnownAddresses;
  readonly audit: AuditLog;
}

export interface SignUpInput {
  readonly email: string;
  readonly password: string;
  readonly storeName?: string | null;
  readonly origin: RequestOrigin;
}

/** Makes an account with its first key. */
export class SignUp {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: SignUpInput): Promise<{ client: Client; apiKey: string }> {
    const { clients, passwords, commonPasswords, knownAddresses, ids, clock, audit } = this.deps;
    await requireAcceptablePassword(commonPasswords, input.password, input.email, 'password');
    const passwordHash = await passwords.hash(input.password);
    const client: Client = {
      id: ids.next(),
      email: input.email,
      storeName: input.storeName ?? null,
      createdAt: isoTime(clock.now()),
    };
    const { stored, issued } = issueApiKey(this.deps, null);
    await clients.create({ client, passwordHash }, stored);
    await knownAddresses.remember(emailLookup(input.email), input.origin.addressUnit);
    audit.record({ event: 'signup', origin: input.origin, clientId: client.id, keyId: issued.id });
    return { client, apiKey: issued.apiKey };
  }
}
