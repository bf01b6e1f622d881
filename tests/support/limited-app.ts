import type { Override } from '#src/infrastructure/application.js';
import { LLM } from '#src/infrastructure/tokens.js';
import { ApiClient } from '#tests/support/api-client.js';
import { ScriptedLlmGateway } from '#tests/support/scripted-llm-gateway.js';
import { type LogLine, startTestApp, type TestApp } from '#tests/support/test-app.js';

type Container = Parameters<Override>[0];

/** Those of requests, as the service has them when nothing is said. */
export const DEFAULT_LIMITS: Readonly<Record<string, string>> = {
  LIMIT_IP_PER_MINUTE: '3000',
  LIMIT_CHAT_PER_MINUTE: '600',
  LIMIT_REQUESTS_PER_MINUTE: '1200',
  LIMIT_CONCURRENT_TURNS: '100',
};

/** An app with limits and a model that does as it is told; new for every test, so that no count is left over. */
export class LimitedApp {
  readonly llm = new ScriptedLlmGateway();
  #app: TestApp | null = null;
  #container: Container | null = null;

  async start(env: Readonly<Record<string, string>>): Promise<void> {
    this.#app = await startTestApp({
      env,
      override: (container) => {
        container.rebind(LLM).toConstantValue(this.llm);
        this.#container = container;
      },
    });
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    this.#app = null;
  }

  get container(): Container {
    if (this.#container === null) throw new Error('the app has not been started');
    return this.#container;
  }

  /** Without a key. */
  get api(): ApiClient {
    if (this.#app === null) throw new Error('the app has not been started');
    return new ApiClient(this.#app.url);
  }

  get logLines(): readonly LogLine[] {
    return this.#app?.logLines ?? [];
  }

  /** The names of the limits whose blocks the audit log has. */
  get blocks(): unknown[] {
    const isBlock = ({ fields }: LogLine) => fields['audit'] === 'limit_blocked';
    return this.logLines.filter(isBlock).map(({ fields }) => fields['limit']);
  }
}
