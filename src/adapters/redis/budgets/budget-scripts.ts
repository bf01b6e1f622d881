import { readLua } from '../connection/read-lua.js';
import { DeadlineScript, RedisScript } from '../connection/redis-script.js';

const folder = import.meta.dirname;

export const RESERVE = new DeadlineScript(readLua(folder, './lua/reserve.lua'));
export const SETTLE = new RedisScript(readLua(folder, './lua/settle.lua'));
export const FIND = new RedisScript(readLua(folder, './lua/find.lua'));
