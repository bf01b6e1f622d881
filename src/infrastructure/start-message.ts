import type { Config } from './config/config.js';

/** What a newcomer wants to know of the service that has just started: addresses and choices, no secrets. */
export function startMessage(config: Config, url: string): string {
  const { provider } = config.model;
  const demo = provider === 'demo' ? ' (set MODEL and MODEL_KEY for a real one)' : '';
  const database = config.database.kind === 'sqlite' ? `SQLite, ${config.database.path}` : 'memory';
  return [
    `FastWrap listens on ${url}`,
    `  documentation   ${url}/docs`,
    `  database        ${database}`,
    `  conversations   ${config.conversationCache.kind}`,
    `  model           ${config.modelPolicy.defaultModel}, provider ${provider}${demo}`,
    '',
  ].join('\n');
}
