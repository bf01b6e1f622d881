import { LRUCache } from 'lru-cache';
import type { Clock } from '#src/application/ports/clock.js';
import type { Conversation } from '#src/domain/conversation.js';
import { ClientMap } from './client-map.js';

export interface BoundedConversationsOptions {
  /** Decides what has expired. */
  readonly clock: Clock;
  readonly maxConversations: number;
  readonly maxBytes: number;
}

/** The identity of one stored conversation: the key is the object itself. */
interface Slot {
  readonly clientId: string;
  readonly conversationId: string;
}

/** What objects, map entries, ids and times take on the heap: measured as 1.7 kB and 0.65 kB, rounded up. */
const CONVERSATION_OVERHEAD_BYTES = 2048;
const EXCHANGE_OVERHEAD_BYTES = 768;
const BYTES_PER_UTF16_UNIT = 2;

function sizeOf(conversation: Conversation): number {
  let bytes = CONVERSATION_OVERHEAD_BYTES;
  for (const { user, assistant } of conversation.exchanges) {
    bytes += EXCHANGE_OVERHEAD_BYTES + BYTES_PER_UTF16_UNIT * (user.length + assistant.length);
  }
  return bytes;
}

/**
 * Conversations within a bound of count and bytes: the least recently used ones give way, expired ones are as if gone.
 * What is stored is never changed, only replaced.
 */
export class BoundedConversations {
  readonly #slots = new ClientMap<Slot>();
  readonly #lru: LRUCache<Slot, Conversation>;
  readonly #maxBytes: number;

  constructor(options: BoundedConversationsOptions) {
    this.#maxBytes = options.maxBytes;
    this.#lru = new LRUCache<Slot, Conversation>({
      max: options.maxConversations,
      maxSize: options.maxBytes,
      sizeCalculation: sizeOf,
      perf: options.clock,
      ttlResolution: 0,
      dispose: (_conversation, slot) => this.#slots.delete(slot.clientId, slot.conversationId),
    });
  }

  /** How many are held, expired ones that have not been purged yet included. */
  get size(): number {
    return this.#slots.size;
  }

  get(clientId: string, conversationId: string): Conversation | null {
    const slot = this.#slots.get(clientId, conversationId);
    return (slot && this.#lru.get(slot)) ?? null;
  }

  /** @returns false, and changes nothing, when it alone is larger than `maxBytes`. */
  set(clientId: string, conversation: Conversation, ttlMs: number): boolean {
    if (sizeOf(conversation) > this.#maxBytes) return false;
    const slot = this.#slots.get(clientId, conversation.id) ?? { clientId, conversationId: conversation.id };
    this.#lru.set(slot, conversation, { ttl: ttlMs });
    this.#slots.set(clientId, conversation.id, slot);
    return true;
  }

  /** @returns false when there was none, or it had expired. */
  delete(clientId: string, conversationId: string): boolean {
    const slot = this.#slots.get(clientId, conversationId);
    if (slot === undefined) return false;
    const wasAlive = this.#lru.has(slot);
    this.#lru.delete(slot);
    return wasAlive;
  }

  /** Looks at this client's conversations alone. */
  deleteWhere(clientId: string, concerns: (conversation: Conversation) => boolean): void {
    for (const slot of this.#slots.valuesOf(clientId)) {
      const conversation = this.#lru.peek(slot, { allowStale: true });
      if (conversation !== undefined && concerns(conversation)) this.#lru.delete(slot);
    }
  }

  purgeExpired(): void {
    this.#lru.purgeStale();
  }

  clear(): void {
    this.#lru.clear();
  }
}
