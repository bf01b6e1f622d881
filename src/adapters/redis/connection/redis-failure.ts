import { AppError } from '#src/domain/errors.js';

/** What the client and the server throw holds commands with all their arguments: passwords, and what people wrote. */
export function withoutArguments(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('Redis failed without an error');
  const [message = ''] = error.message.split(', with args');
  const bare = new Error(message);
  bare.name = error.name;
  return bare;
}

export function redisUnavailable(error: unknown): AppError {
  return new AppError('cache_unavailable', { retryAfterSeconds: 1, cause: withoutArguments(error) });
}

/** Redis answered, and said no. Anything else that goes wrong is the connection's fault. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Of the error for a cluster that answers, and names no node that could be asked. */
export const NO_ADDRESS = 'CLUSTER SLOTS has no address';

/**
 * Why it cannot work however long one waits, in words that hold no value; null when waiting may help.
 * @param error what the client emitted. Cluster and Sentinel say it of a node, inside another error.
 */
export function fatalReason(error: unknown): string | null {
  for (let inner = error; inner instanceof Error; inner = innerOf(inner)) {
    if (/^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH|ERR Client sent AUTH)/.test(inner.message)) {
      return 'Redis refuses its user or password: see REDIS_USER and REDIS_API_KEY, or REDIS_URL.';
    }
    if (/^(Unknown RESP type|Protocol error)/.test(inner.message)) {
      return 'What answers at the address of Redis does not speak its protocol: see REDIS_HOST, REDIS_PORT and REDIS_TLS, or REDIS_URL.';
    }
    if (/cluster support disabled/.test(inner.message)) {
      return 'This Redis is not a cluster: see REDIS_URL.';
    }
    if (inner.message === NO_ADDRESS) {
      return 'The nodes of this Redis Cluster do not know their own address (CLUSTER SLOTS leaves it empty): set cluster-announce-ip on each.';
    }
  }
  return null;
}

function innerOf(error: Error): unknown {
  return 'lastNodeError' in error ? error.lastNodeError : error.cause;
}
