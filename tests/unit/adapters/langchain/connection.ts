import {
  LangChainLlmGateway,
  type LangChainLlmGatewayOptions,
} from '#src/adapters/langchain/langchain-llm-gateway.js';
import { ProviderTransport } from '#src/adapters/langchain/transport/provider-transport.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import type { Provider } from '#src/domain/models/model-provider.js';

export const KEY = 'sk-canary-key';

export interface Connection {
  readonly gateway: LangChainLlmGateway;
  close(): Promise<void>;
}

/** A gateway with connections of its own, and deadlines that no test reaches unless it sets them. */
export function connect(
  provider: Provider,
  baseUrl: string | null,
  changes: Partial<Omit<LangChainLlmGatewayOptions, 'transport'>> = {},
): Connection {
  const transport = new ProviderTransport();
  const gateway = new LangChainLlmGateway({
    provider,
    apiKey: KEY,
    baseUrl,
    transport,
    clock: new SystemClock(),
    firstTokenMs: 600_000,
    chunkMs: 600_000,
    totalMs: 600_000,
    ...changes,
  });
  return { gateway, close: () => transport.close() };
}

/** Promises that were rejected while nobody looked, in the tests of this block: each would end the real process. */
export function watchRejections(): unknown[] {
  const reasons: unknown[] = [];
  const keep = (reason: unknown) => reasons.push(reason);
  before(() => process.on('unhandledRejection', keep));
  after(() => process.off('unhandledRejection', keep));
  return reasons;
}
