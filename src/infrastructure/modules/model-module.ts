import { ContainerModule, type ServiceIdentifier } from 'inversify';
import { LangChainLlmGateway } from '#src/adapters/langchain/langchain-llm-gateway.js';
import type { ModelConfig } from '../config/config.js';
import { LLM } from '../tokens.js';

/** Loads what the first turn would otherwise wait for. */
export const WARM_UP: ServiceIdentifier<() => Promise<void>> = Symbol('warmUp');

export function modelModule(config: ModelConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    const { provider, apiKey, baseUrl, totalMs } = config;
    const gateway = new LangChainLlmGateway({ provider, apiKey, baseUrl, totalMs });
    bind(LLM).toConstantValue(gateway);
    bind(WARM_UP).toConstantValue(() => gateway.warmUp());
  });
}
