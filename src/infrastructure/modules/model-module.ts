import { ContainerModule, type ServiceIdentifier } from 'inversify';
import { FailoverLlmGateway } from '#src/adapters/cockatiel/failover-llm-gateway.js';
import { LangChainLlmGateway } from '#src/adapters/langchain/langchain-llm-gateway.js';
import { ProviderTransport } from '#src/adapters/langchain/provider-transport.js';
import { TracedLlmGateway } from '#src/adapters/langsmith/traced-llm-gateway.js';
import type { Config, ProviderConfig } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, IDS, LLM, LOGGER, MODEL_HEALTH } from '../tokens.js';

/** Loads what the first turn would otherwise wait for. */
export const WARM_UP: ServiceIdentifier<() => Promise<void>> = Symbol('warmUp');

export function modelModule(
  { model: { primary, fallback, deadlines }, tracing }: Pick<Config, 'model' | 'tracing'>,
  lifecycle: Lifecycle,
): ContainerModule {
  const transport = new ProviderTransport();
  lifecycle.own('connections to model providers', () => transport.close());
  const connect = ({ provider, apiKey, baseUrl }: ProviderConfig) =>
    new LangChainLlmGateway({ provider, apiKey, baseUrl, transport, ...deadlines });
  const primaryGateway = connect(primary);
  const fallbackGateway = fallback && connect(fallback);
  let traced: TracedLlmGateway | null = null;
  lifecycle.own('traces', () => traced?.close());

  return new ContainerModule(({ bind }) => {
    bind(FailoverLlmGateway)
      .toDynamicValue(
        (context) =>
          new FailoverLlmGateway({
            primary: { gateway: primaryGateway, model: null },
            fallback: fallbackGateway && fallback && { gateway: fallbackGateway, model: fallback.model },
            clock: context.get(CLOCK),
            totalMs: deadlines.totalMs,
            firstTokenMs: deadlines.firstTokenMs,
          }),
      )
      .inSingletonScope();
    if (tracing === null) bind(LLM).toService(FailoverLlmGateway);
    else {
      bind(LLM)
        .toDynamicValue((context) => {
          traced = new TracedLlmGateway({
            gateway: context.get(FailoverLlmGateway),
            clock: context.get(CLOCK),
            ids: context.get(IDS),
            logger: context.get(LOGGER),
            ...tracing,
          });
          return traced;
        })
        .inSingletonScope();
    }
    bind(MODEL_HEALTH).toService(FailoverLlmGateway);
    bind(WARM_UP).toConstantValue(async () => {
      await primaryGateway.warmUp();
      await fallbackGateway?.warmUp();
      await traced?.warmUp();
    });
  });
}
