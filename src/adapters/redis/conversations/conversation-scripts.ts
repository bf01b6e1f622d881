import { readLua } from '../connection/read-lua.js';
import { DeadlineScript, RedisScript } from '../connection/redis-script.js';

/** How long a turn's right outlives the last word of its process. */
export const LEASE_MS = 5000;

const read = (name: string) => readLua(import.meta.dirname, name, { LEASE_MS });

export const OPEN_TURN = new DeadlineScript(read('./lua/open-turn.lua'));
export const RENEW_TURN = new RedisScript(read('./lua/renew-turn.lua'));
export const COMMIT_TURN = new DeadlineScript(read('./lua/commit-turn.lua'));
export const RELEASE_TURN = new RedisScript(read('./lua/release-turn.lua'));
export const FIND_CONVERSATION = new RedisScript(read('./lua/find-conversation.lua'));
export const DELETE_CONVERSATIONS = new DeadlineScript(read('./lua/delete-conversations.lua'));
