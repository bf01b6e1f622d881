import type { OpenTurnRequest } from '#src/application/ports/conversation-cache.js';
import { AppError } from '#src/domain/app-error.js';
import { ConversationMap } from './conversation-map.js';

/** The right to add one turn to one conversation. It ends once: given back, or revoked. */
export class TurnRight {
  /** Whose turn it is: its deletion revokes the right. */
  readonly characterIds: Set<string>;
  readonly #lost = new AbortController();
  readonly #passOn: () => void;
  #held = true;

  constructor(
    readonly conversationId: string,
    characterId: string,
    passOn: () => void,
  ) {
    this.characterIds = new Set([characterId]);
    this.#passOn = passOn;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws the reason of `lost`; an Error when it was given back. */
  assertHeld(): void {
    this.lost.throwIfAborted();
    if (!this.#held) throw new Error('This turn has ended already.');
  }

  giveBack(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#passOn();
  }

  revoke(reason: AppError): void {
    if (!this.#held) return;
    this.giveBack();
    this.#lost.abort(reason);
  }
}

interface Waiter {
  readonly characterId: string;
  admit(): void;
  refuse(reason: AppError): void;
}

/** What a deletion looks at. */
export interface ConcernedTurn {
  readonly conversationId: string;
  readonly characterIds: ReadonlySet<string>;
}

/** One conversation with a turn open. */
interface Lane {
  holder: TurnRight;
  readonly waiting: Waiter[];
}

export interface TurnLanesOptions {
  /** For each conversation, besides the open turn. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

function busy(): AppError {
  return new AppError('conversation_busy', { retryAfterSeconds: 1 });
}

/** One open turn for each conversation; the others wait in order of arrival. */
export class TurnLanes {
  readonly #lanes = new ConversationMap<Lane>();

  constructor(private readonly options: TurnLanesOptions) {}

  /** @throws AppError `conversation_busy`; the signal's reason. */
  async enter(clientId: string, request: OpenTurnRequest): Promise<TurnRight> {
    request.signal.throwIfAborted();
    const lane = this.#lanes.get(clientId, request.conversationId);
    if (lane === undefined) return this.#openLane(clientId, request);
    if (request.onBusy === 'reject' || lane.waiting.length >= this.options.maxWaiting) throw busy();
    return this.#wait(lane, clientId, request);
  }

  /**
   * Ends the client's turns that are concerned, those that wait too: they were asked for before.
   * @returns whether one of them was open.
   */
  revoke(clientId: string, concerns: (turn: ConcernedTurn) => boolean, reason: AppError): boolean {
    let revoked = false;
    for (const { holder, waiting } of this.#lanes.valuesOf(clientId)) {
      const { conversationId } = holder;
      const refused = waiting.filter(({ characterId }) =>
        concerns({ conversationId, characterIds: new Set([characterId]) }),
      );
      for (const waiter of refused) waiter.refuse(reason);
      if (!concerns(holder)) continue;
      holder.revoke(reason);
      revoked = true;
    }
    return revoked;
  }

  #openLane(clientId: string, request: OpenTurnRequest): TurnRight {
    const holder = this.#makeRight(clientId, request);
    this.#lanes.set(clientId, request.conversationId, { holder, waiting: [] });
    return holder;
  }

  #wait(lane: Lane, clientId: string, request: OpenTurnRequest): Promise<TurnRight> {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        clearTimeout(deadline);
        signal.removeEventListener('abort', callerLeft);
      };
      const leave = (error: unknown): void => {
        stopWaiting();
        lane.waiting.splice(lane.waiting.indexOf(waiter), 1);
        reject(error);
      };
      const callerLeft = (): void => leave(signal.reason);
      const waiter: Waiter = {
        characterId: request.characterId,
        refuse: leave,
        admit: () => {
          stopWaiting();
          lane.holder = this.#makeRight(clientId, request);
          resolve(lane.holder);
        },
      };
      const deadline = setTimeout(() => leave(busy()), this.options.maxWaitMs);
      signal.addEventListener('abort', callerLeft);
      lane.waiting.push(waiter);
    });
  }

  #makeRight(clientId: string, { conversationId, characterId }: OpenTurnRequest): TurnRight {
    return new TurnRight(conversationId, characterId, () => {
      const next = this.#lanes.get(clientId, conversationId)?.waiting.shift();
      if (next === undefined) this.#lanes.delete(clientId, conversationId);
      else next.admit();
    });
  }
}
