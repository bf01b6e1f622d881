import { ContainerModule } from 'inversify';
import { LangSmithTurnObserver } from '#src/adapters/langsmith/langsmith-turn-observer.js';
import { LogTurnObserver } from '#src/adapters/system/log-turn-observer.js';
import { TurnObservers } from '#src/application/chat/turn-observers.js';
import type { Config } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, IDS, LOGGER, TURN_OBSERVERS, WARM_UP } from '../tokens.js';

/** Who is notified of every turn, in this order. A request adds its own, for its `Server-Timing`. */
export function observerModule({ tracing }: Pick<Config, 'tracing'>, lifecycle: Lifecycle): ContainerModule {
  let langSmith: LangSmithTurnObserver | null = null;
  lifecycle.own('traces', () => langSmith?.close());

  return new ContainerModule(({ bind }) => {
    bind(TURN_OBSERVERS)
      .toDynamicValue((context) => {
        const [clock, ids, logger] = [context.get(CLOCK), context.get(IDS), context.get(LOGGER)];
        langSmith = tracing && new LangSmithTurnObserver({ clock, ids, logger, ...tracing });
        return [new LogTurnObserver(logger), ...(langSmith === null ? [] : [langSmith])];
      })
      .inSingletonScope();
    bind(TurnObservers)
      .toDynamicValue(
        (context) =>
          new TurnObservers({
            observers: context.get(TURN_OBSERVERS),
            clock: context.get(CLOCK),
            logger: context.get(LOGGER),
          }),
      )
      .inSingletonScope();
    bind(WARM_UP).toConstantValue(async () => langSmith?.warmUp());
  });
}
