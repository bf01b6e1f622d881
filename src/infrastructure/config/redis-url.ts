import type {
  RedisAddress,
  RedisSettings,
  RedisTopology,
} from '#src/adapters/redis/connection/redis-settings.js';

export const REDIS_URL_RULE =
  'must be redis://user:password@host:port/database, with rediss for TLS, redis+sentinel://…@host:port,host:port/master, or redis+cluster://…@host:port,host:port';

const FORM =
  /^redis(?<secure>s)?(?:\+(?<many>sentinel|cluster))?:\/\/(?:(?<login>[^/?#]*)@)?(?<hosts>[^/?#@]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<name>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/;
const PRESET_PORT = 6379;
const PRESET_SENTINEL_PORT = 26_379;

/** @returns null when it is not of a form that {@link REDIS_URL_RULE} allows. */
export function parseRedisUrl(url: string): RedisSettings | null {
  const groups = FORM.exec(url)?.groups;
  if (groups === undefined) return null;
  const { secure, many = 'single', login = '', hosts = '', path = '', query = '' } = groups;
  try {
    const [, username = '', password = ''] = /^([^:]*)(?::(.*))?$/.exec(login) ?? [];
    return {
      topology: toTopology(many, hosts.split(','), decodeURIComponent(path), new URLSearchParams(query)),
      credentials: { username: orNull(username), password: orNull(password) },
      tls: secure !== undefined,
    };
  } catch {
    return null;
  }
}

function orNull(encoded: string): string | null {
  return encoded === '' ? null : decodeURIComponent(encoded);
}

/** @throws Error when a part of it is not well formed. */
function toTopology(
  many: string,
  hosts: readonly string[],
  path: string,
  query: URLSearchParams,
): RedisTopology {
  if (many === 'sentinel') {
    const [, master, database = '0'] = /^([^/]+)(?:\/(\d+))?$/.exec(path) ?? [];
    if (master === undefined) throw new Error('no name of a master');
    const sentinelCredentials = {
      username: query.get('sentinel_user'),
      password: query.get('sentinel_password'),
    };
    const sentinels = hosts.map((host) => toAddress(host, PRESET_SENTINEL_PORT));
    return { kind: 'sentinel', sentinels, master, database: Number(database), sentinelCredentials };
  }
  const nodes = hosts.map((host) => toAddress(host, PRESET_PORT));
  const [first, ...others] = nodes;
  if (many === 'cluster') {
    if (path !== '') throw new Error('a cluster has one database');
    return { kind: 'cluster', nodes };
  }
  if (first === undefined || others.length > 0 || !/^\d*$/.test(path)) throw new Error('not one address');
  return { kind: 'single', address: first, database: Number(path) };
}

function toAddress(text: string, presetPort: number): RedisAddress {
  const { ipv6, name, port } = HOST.exec(text)?.groups ?? {};
  const host = ipv6 ?? name;
  const number = port === undefined ? presetPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) throw new Error('not an address');
  return { host, port: number };
}
