import { after, before } from 'mocha';
import type { Override } from '#src/infrastructure/application.js';
import { CLOCK, LLM } from '#src/infrastructure/tokens.js';
import { ApiClient } from '#tests/support/api-client.js';
import type { AppStorage } from '#tests/support/app-storages.js';
import { ManualClock } from '#tests/support/manual-clock.js';
import { ScriptedLlmGateway } from '#tests/support/scripted-llm-gateway.js';
import { startTestApp, type TestApp } from '#tests/support/test-app.js';

type Container = Parameters<Override>[0];

export interface AppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly override?: Override;
}

/** The real service with a clock that stands still and a model that does as it is told. */
export class AppUnderTest {
  readonly clock = new ManualClock();
  readonly llm = new ScriptedLlmGateway();
  #app: TestApp | null = null;
  #container: Container | null = null;
  #closeStorage: () => Promise<void> = async () => undefined;

  async start(storage: AppStorage, { env, override }: AppOptions): Promise<void> {
    const opened = await storage.open();
    this.#closeStorage = opened.close;
    this.#app = await startTestApp({
      env: { ...opened.env, ...env },
      override: (container) => {
        container.rebind(CLOCK).toConstantValue(this.clock);
        container.rebind(LLM).toConstantValue(this.llm);
        override?.(container);
        this.#container = container;
      },
    });
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    await this.#closeStorage();
  }

  get app(): TestApp {
    if (this.#app === null) throw new Error('the app has not been started');
    return this.#app;
  }

  get container(): Container {
    if (this.#container === null) throw new Error('the app has not been started');
    return this.#container;
  }

  /** Without a key. */
  get api(): ApiClient {
    return new ApiClient(this.app.url);
  }

  /** Milliseconds from now as the service writes them. */
  time(offsetMs = 0): string {
    return new Date(this.clock.now() + offsetMs).toISOString();
  }
}

/** One app for all tests of the surrounding `describe`. */
export function useApp(storage: AppStorage, options: AppOptions = {}): AppUnderTest {
  const app = new AppUnderTest();
  before(() => app.start(storage, options));
  after(() => app.stop());
  return app;
}
