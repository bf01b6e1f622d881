import type { ErrorCode } from '#src/domain/errors.js';
import type { Attempt } from './attempt.js';
import { isToFail, replyTo } from './marked-message.js';
import type { StoredConversation, StoredExchange } from './stored-conversations.js';

/** Anything else would be a fault of its own. */
const EXPECTED_CODES: ReadonlySet<ErrorCode> = new Set([
  'conversation_busy',
  'request_in_progress',
  'model_failed',
  'cache_unavailable',
]);

interface Place {
  readonly conversation: StoredConversation;
  readonly index: number;
  readonly exchange: StoredExchange;
}

/** Compares the answers that clients received with what is stored. @returns what does not fit, in words. */
export function checkHistory(
  attempts: readonly Attempt[],
  conversations: readonly StoredConversation[],
): string[] {
  const byMessage = new Map(attempts.map((attempt) => [attempt.request.message, attempt]));
  const places = placesByMessage(conversations);
  return [
    ...[...places.keys()]
      .filter((message) => !byMessage.has(message))
      .map((message) => `unknown: ${message}`),
    ...attempts.flatMap((attempt) => checkAttempt(attempt, places.get(attempt.request.message) ?? [])),
    ...conversations.flatMap((conversation) => checkConversation(conversation, byMessage)),
  ];
}

function placesByMessage(conversations: readonly StoredConversation[]): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const conversation of conversations) {
    for (const [index, exchange] of conversation.exchanges.entries()) {
      const known = places.get(exchange.user);
      if (known === undefined) places.set(exchange.user, [{ conversation, index, exchange }]);
      else known.push({ conversation, index, exchange });
    }
  }
  return places;
}

function checkAttempt({ request, fate, answers, codes }: Attempt, places: readonly Place[]): string[] {
  const { message, clientId, conversationId } = request;
  const faults: string[] = [];
  const [place] = places;
  for (const code of codes) if (!EXPECTED_CODES.has(code)) faults.push(`unexpected ${code}: ${message}`);
  if (places.length > 1) faults.push(`stored ${places.length} times: ${message}`);
  if (fate === 'refused' && place !== undefined) faults.push(`stored though refused: ${message}`);
  if (isToFail(message) && place !== undefined) faults.push(`stored without an answer: ${message}`);
  if (fate === 'acknowledged' && place === undefined) faults.push(`acknowledged and lost: ${message}`);
  for (const { conversation } of places) {
    if (conversation.clientId !== clientId || conversation.conversationId !== conversationId) {
      faults.push(`stored in ${conversation.clientId}/${conversation.conversationId}: ${message}`);
    }
  }
  for (const { turnId, turns, reply } of answers) {
    if (reply !== replyTo(message)) faults.push(`answered with something else: ${message}`);
    if (place === undefined) continue;
    if (turnId !== place.exchange.turnId) faults.push(`answered as another turn: ${message}`);
    if (turns !== place.index + 1) faults.push(`said to be turn ${turns}, is ${place.index + 1}: ${message}`);
  }
  return faults;
}

function checkConversation(
  conversation: StoredConversation,
  attempts: ReadonlyMap<string, Attempt>,
): string[] {
  const { clientId, conversationId, turns, exchanges } = conversation;
  const name = `${clientId}/${conversationId}`;
  const faults: string[] = [];
  if (turns !== exchanges.length) faults.push(`${name} counts ${turns} turns and has ${exchanges.length}`);
  if (new Set(exchanges.map(({ turnId }) => turnId)).size !== exchanges.length) {
    faults.push(`${name} has a turn twice`);
  }
  let fence = 0;
  for (const exchange of exchanges) {
    if (exchange.assistant !== replyTo(exchange.user)) faults.push(`no pair: ${exchange.user}`);
    if (!(exchange.fence > fence)) faults.push(`out of the order of fences: ${exchange.user}`);
    fence = exchange.fence;
  }
  // What had been acknowledged before another was even asked for stands before it.
  let earliestLater = Number.POSITIVE_INFINITY;
  for (const { user } of exchanges.toReversed()) {
    const attempt = attempts.get(user);
    if (attempt === undefined) continue;
    if (earliestLater < attempt.invokedAt) faults.push(`stands before what was acknowledged first: ${user}`);
    earliestLater = Math.min(earliestLater, attempt.acknowledgedAt);
  }
  return faults;
}
