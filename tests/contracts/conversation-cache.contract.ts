import { expect } from 'chai';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  ConversationCacheBench,
  type ConversationCacheHarness,
  completedTurn,
  expectAppError,
  notAsked,
  rejectionOf,
  TTL_SECONDS,
} from '../support/fixtures/conversation-cache-bench.js';
import { conversationCrowdingContract } from './conversation-crowding.contract.js';
import { conversationDeletionContract } from './conversation-deletion.contract.js';
import { conversationIdempotencyContract } from './conversation-idempotency.contract.js';
import { conversationMemoryContract } from './conversation-memory.contract.js';
import { conversationNamesContract } from './conversation-names.contract.js';
import { conversationTurnsContract } from './conversation-turns.contract.js';

/** Everything that a `ConversationCache` promises, on whatever it stores its conversations in. */
export function conversationCacheContract(harness: ConversationCacheHarness): void {
  describe(`ConversationCache: ${harness.name}`, () => {
    const bench = new ConversationCacheBench(harness);

    beforeEach(() => bench.start());
    afterEach(() => bench.stop());

    conversationMemoryContract(bench);
    conversationNamesContract(bench);
    conversationDeletionContract(bench);
    conversationTurnsContract(bench);
    conversationIdempotencyContract(bench);
    conversationCrowdingContract(bench);

    const { breakBackend } = harness;
    if (breakBackend !== undefined) {
      describe('without its backend', () => {
        it('every method says cache_unavailable, and an open turn cannot be committed', async () => {
          await bench.add('t1');
          const opened = await bench.open();
          await breakBackend(bench.subject);
          const attempts: Promise<unknown>[] = [
            opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked),
            bench.find(),
            bench.open({ conversationId: 'another' }),
            bench.cache.delete(CLIENT, CONVERSATION),
            bench.cache.deleteByCharacter(CLIENT, CHARACTER),
            bench.cache.deleteByClient(CLIENT),
            bench.cache.check(),
          ];
          for (const refusal of await Promise.all(attempts.map(rejectionOf))) {
            expectAppError(refusal, 'cache_unavailable');
            expect(refusal).to.have.property('retryAfterSeconds');
          }
          await opened.release();
        });
      });
    }
  });
}
