import { expect } from 'chai';
import {
  CacheFixture,
  CHARACTER,
  CLIENT,
  CONVERSATION,
  type ConversationCacheHarness,
  completedTurn,
  expectAppError,
  notAsked,
  rejectionOf,
  TTL_SECONDS,
} from '../support/fixtures/cache-fixture.js';
import { conversationConcurrencyContract } from './conversation-concurrency.contract.js';
import { conversationDeletionContract } from './conversation-deletion.contract.js';
import { conversationIdempotencyContract } from './conversation-idempotency.contract.js';
import { conversationMemoryContract } from './conversation-memory.contract.js';
import { conversationNamesContract } from './conversation-names.contract.js';
import { conversationTurnsContract } from './conversation-turns.contract.js';

/** Everything that a `ConversationCache` promises, on whatever it stores its conversations in. */
export function conversationCacheContract(harness: ConversationCacheHarness): void {
  describe(`ConversationCache: ${harness.name}`, () => {
    const fixture = new CacheFixture(harness);

    beforeEach(() => fixture.start());
    afterEach(() => fixture.stop());

    conversationMemoryContract(fixture);
    conversationNamesContract(fixture);
    conversationDeletionContract(fixture);
    conversationTurnsContract(fixture);
    conversationIdempotencyContract(fixture);
    conversationConcurrencyContract(fixture);

    const { breakBackend } = harness;
    if (breakBackend !== undefined) {
      describe('without its backend', () => {
        it('every method says cache_unavailable, and an open turn cannot be committed', async () => {
          await fixture.add('t1');
          const opened = await fixture.open();
          await breakBackend(fixture.subject);
          const attempts: Promise<unknown>[] = [
            opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked),
            fixture.find(),
            fixture.open({ conversationId: 'another' }),
            fixture.cache.delete(CLIENT, CONVERSATION),
            fixture.cache.deleteByCharacter(CLIENT, CHARACTER),
            fixture.cache.deleteByClient(CLIENT),
            fixture.cache.check(),
          ];
          for (const denial of await Promise.all(attempts.map(rejectionOf))) {
            expectAppError(denial, 'cache_unavailable');
            expect(denial).to.have.property('retryAfterSeconds');
          }
          await opened.release();
        });
      });
    }
  });
}
