import { ContainerModule, type ServiceIdentifier } from 'inversify';
import { FailoverLlmGateway } from '#src/adapters/failover/failover-llm-gateway.js';
import { checkModels } from '#src/adapters/langchain/check-models.js';
import { LangChainLlmGateway } from '#src/adapters/langchain/langchain-llm-gateway.js';
import { ModelSettings } from '#src/adapters/langchain/model-settings.js';
import { ProviderTransport } from '#src/adapters/langchain/transport/provider-transport.js';
import { withDeadline } from '#src/application/async/deadline.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import type { Config, ProviderConfig } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, LLM, MODEL_HEALTH, WARM_UP } from '../tokens.js';

/** Asks providers once whether they know key and models. */
export const CHECK_MODELS: ServiceIdentifier<() => Promise<void>> = Symbol('checkModels');

const CHECK_WITHIN_MS = 5000;

type ModelModuleConfig = Pick<Config, 'model' | 'modelPolicy'>;

export function modelModule(
  { model: { primary, fallback, deadlines, check }, modelPolicy }: ModelModuleConfig,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  lifecycle: Lifecycle,
): ContainerModule {
  const transport = new ProviderTransport();
  const checking = new AbortController();
  lifecycle.own('connections to model providers', () => {
    checking.abort();
    return transport.close();
  });
  const connect = (variables: 'MODEL' | 'MODEL_FALLBACK', config: ProviderConfig) => {
    const { provider, model, apiKey, baseUrl } = config;
    const settings = new ModelSettings({ provider, variables, model, clock, logger });
    const connection = { provider, apiKey, baseUrl, transport };
    return {
      connection,
      settings,
      gateway: new LangChainLlmGateway({ ...connection, ...deadlines, settings, clock }),
    };
  };
  const first = connect('MODEL', primary);
  const second = fallback && connect('MODEL_FALLBACK', fallback);
  const primaryGateway = first.gateway;
  const fallbackGateway = second === null ? null : second.gateway;

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
    bind(LLM).toService(FailoverLlmGateway);
    bind(MODEL_HEALTH).toDynamicValue((context) => {
      const failover = context.get(FailoverLlmGateway);
      return { isRefusing: (model) => failover.isRefusing(model) || first.settings.isRefused(model) };
    });
    bind(CHECK_MODELS).toConstantValue(async () => {
      if (!check) return;
      const tooLate = () => new Error(`no list of models within ${CHECK_WITHIN_MS} ms`);
      await withDeadline(CHECK_WITHIN_MS, tooLate, checking.signal, async (signal) => {
        const ask = ({ connection, settings }: typeof first, models: readonly string[]) =>
          checkModels(connection, models, settings, signal);
        await ask(first, modelPolicy.allowedModels);
        if (second !== null && fallback !== null) await ask(second, [fallback.model]);
      });
    });
    bind(WARM_UP).toConstantValue(async () => {
      await primaryGateway.warmUp();
      await fallbackGateway?.warmUp();
    });
  });
}
