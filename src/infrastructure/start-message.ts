import type { Config, ProviderConfig } from './config/config.js';

export interface StartFacts {
  readonly url: string;
  readonly documentation: string;
  readonly database: string;
  readonly conversations: string;
  readonly model: string;
  readonly fallback?: string;
  readonly traces?: string;
}

/** Addresses and choices, no secrets. */
export function startFacts(config: Config, url: string): StartFacts {
  const { database, conversationCache, model, tracing } = config;
  return {
    url,
    documentation: `${url}/docs`,
    database: database.kind === 'sqlite' ? `SQLite, ${database.path}` : 'memory',
    conversations: conversationCache.kind,
    model: describe(model.primary),
    ...(model.fallback === null ? {} : { fallback: describe(model.fallback) }),
    ...(tracing === null ? {} : { traces: `LangSmith, project ${tracing.project}` }),
  };
}

function describe({ model, provider }: ProviderConfig): string {
  return `${model}, provider ${provider}`;
}

/** What a newcomer wants to know of the service that has just started. */
export function startMessage(config: Config, url: string): string {
  const { url: address, ...facts } = startFacts(config, url);
  const lines = Object.entries(facts).map(([name, value]) => `  ${name.padEnd(16)}${value}`);
  const hint = config.model.primary.provider === 'demo' ? ['  for real answers set MODEL and MODEL_KEY'] : [];
  return [`FastWrap listens on ${address}`, ...lines, ...hint, ''].join('\n');
}
