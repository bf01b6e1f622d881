import { onDeadline } from '#src/application/async/deadline.js';
import type { OpenTurnRequest } from '#src/application/ports/chat/conversation-cache.js';
import { AppError } from '#src/domain/errors.js';
import { ClientMap } from '../structures/client-map.js';

/** What a deletion looks at. */
export interface ConcernedTurn {
  readonly conversationId: string;
  /** Of the request, and of the conversation once that is known. */
  readonly characterIds: Set<string>;
}

/** The right to add one turn to one conversation. It ends once: given back, or revoked. */
export class TurnLease {
  readonly #lost = new AbortController();
  readonly #passOn: () => void;
  #held = true;

  constructor(
    readonly turn: ConcernedTurn,
    passOn: () => void,
  ) {
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
  readonly turn: ConcernedTurn;
  admit(): void;
  refuse(reason: AppError): void;
}

/** One conversation with a turn open. */
interface Lane {
  holder: TurnLease;
  readonly waiting: Waiter[];
}

export interface TurnQueueOptions {
  /** For each conversation, besides the open turn. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

function busy(): AppError {
  return new AppError('conversation_busy', { retryAfterSeconds: 1 });
}

/** One open turn for each conversation; the others wait in order of arrival. */
export class TurnQueue {
  readonly #options: TurnQueueOptions;
  readonly #lanes = new ClientMap<Lane>();
  /** Turns that are open or wait, by client. */
  readonly #turns = new Map<string, number>();

  constructor(options: TurnQueueOptions) {
    this.#options = options;
  }

  /** How many clients have a turn that is open or waits. */
  get size(): number {
    return this.#turns.size;
  }

  /** Of one client: open or waiting. */
  turnsOf(clientId: string): number {
    return this.#turns.get(clientId) ?? 0;
  }

  /** @throws AppError `conversation_busy`; the signal's reason. */
  async enter(
    clientId: string,
    turn: ConcernedTurn,
    { onBusy, signal }: Pick<OpenTurnRequest, 'onBusy' | 'signal'>,
  ): Promise<TurnLease> {
    const lane = this.#lanes.get(clientId, turn.conversationId);
    if (lane === undefined) return this.#openLane(clientId, turn);
    if (onBusy === 'reject' || lane.waiting.length >= this.#options.maxWaiting) throw busy();
    return this.#wait(lane, clientId, turn, signal);
  }

  /**
   * Ends the client's turns that are concerned, those that wait too: they were asked for before.
   * @returns whether one of them was open.
   */
  revoke(clientId: string, concerns: (turn: ConcernedTurn) => boolean, reason: AppError): boolean {
    let revoked = false;
    for (const { holder, waiting } of this.#lanes.valuesOf(clientId)) {
      for (const waiter of waiting.filter(({ turn }) => concerns(turn))) waiter.refuse(reason);
      if (!concerns(holder.turn)) continue;
      holder.revoke(reason);
      revoked = true;
    }
    return revoked;
  }

  #openLane(clientId: string, turn: ConcernedTurn): TurnLease {
    this.#count(clientId, 1);
    const holder = this.#makeLease(clientId, turn);
    this.#lanes.set(clientId, turn.conversationId, { holder, waiting: [] });
    return holder;
  }

  #wait(lane: Lane, clientId: string, turn: ConcernedTurn, signal: AbortSignal): Promise<TurnLease> {
    return new Promise((resolve, reject) => {
      const leave = (error: unknown): void => {
        stopWaiting();
        lane.waiting.splice(lane.waiting.indexOf(waiter), 1);
        this.#count(clientId, -1);
        reject(error);
      };
      const waiter: Waiter = {
        turn,
        refuse: leave,
        admit: () => {
          stopWaiting();
          lane.holder = this.#makeLease(clientId, turn);
          resolve(lane.holder);
        },
      };
      const stopWaiting = onDeadline(this.#options.maxWaitMs, busy, signal, leave);
      lane.waiting.push(waiter);
      this.#count(clientId, 1);
    });
  }

  #makeLease(clientId: string, turn: ConcernedTurn): TurnLease {
    const { conversationId } = turn;
    return new TurnLease(turn, () => {
      this.#count(clientId, -1);
      const next = this.#lanes.get(clientId, conversationId)?.waiting.shift();
      if (next === undefined) this.#lanes.delete(clientId, conversationId);
      else next.admit();
    });
  }

  #count(clientId: string, change: 1 | -1): void {
    const count = this.turnsOf(clientId) + change;
    if (count === 0) this.#turns.delete(clientId);
    else this.#turns.set(clientId, count);
  }
}
