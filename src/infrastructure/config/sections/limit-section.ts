import { BlockList, isIP } from 'node:net';
import type { z } from 'zod';
import type { Config } from '../config.js';
import { nameList, ruled, variable, wholeNumber } from '../variable.js';

const MAX = 1_000_000_000;

const MAPPED_IPV4 = new BlockList();
MAPPED_IPV4.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Never everything: a caller's own word would be believed. */
const isProxyRange = (text: string) => {
  const [address = '', bits, ...rest] = text.split('/');
  const longest = isIP(address) === 4 ? 32 : 128;
  // IPv4 that is written as IPv6 has its own bits behind the first 96.
  const shortest = isIP(address) === 6 && MAPPED_IPV4.check(address, 'ipv6') ? 97 : 1;
  const isBits =
    bits === undefined ||
    (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) >= shortest && Number(bits) <= longest);
  return isIP(address) !== 0 && isBits && rest.length === 0;
};

const proxyList = ruled(
  nameList.refine(
    (names) => names.every(isProxyRange),
    'must be IP addresses or CIDRs of proxies, separated by commas, none of them /0',
  ),
  'IP addresses or CIDRs, separated by commas, none of them `/0`',
);

export const limitVariables = {
  LIMIT_IP_PER_MINUTE: variable(wholeNumber(0, MAX, 3000), {
    description: 'Requests of one address in a minute; IPv6 counts by /64',
  }),
  LIMIT_CHAT_PER_MINUTE: variable(wholeNumber(0, MAX, 600), {
    description: 'Chat requests of one account in a minute',
  }),
  LIMIT_REQUESTS_PER_MINUTE: variable(wholeNumber(0, MAX, 1200), {
    description: 'Other requests of one account in a minute',
  }),
  LIMIT_CONCURRENT_TURNS: variable(wholeNumber(0, 100_000, 100), {
    description: 'Chat requests of one account at the same time',
  }),
  LIMIT_SIGNUPS_PER_HOUR: variable(wholeNumber(0, MAX, 20), {
    description: 'Sign-ups of one address in an hour; all addresses together may make ten times as many',
  }),
  LIMIT_PASSWORDS_PER_15_MINUTES: variable(wholeNumber(0, MAX, 10), {
    description:
      'Wrong passwords for one account from one address; ten times as many from one address for all accounts, and for one account from all. Of right and wrong ones ten times as many for one account from one address, thirty times as many from one address',
  }),
  LIMIT_BAD_KEYS_PER_MINUTE: variable(wholeNumber(0, MAX, 60), {
    description: 'Wrong API keys, and wrong service keys, of one address in a minute',
  }),
  LIMIT_CONNECTIONS_PER_ADDRESS: variable(wholeNumber(0, 1_000_000, 500), {
    description:
      'Open connections of one address; proxies in `TRUST_PROXY` have no bound. It stays well below the number of files that the process may open (`ulimit -n`)',
  }),
  BUDGET_TOKENS_PER_DAY: variable(wholeNumber(0, 1_000_000_000_000, 0), {
    description:
      'Tokens that one account may spend in a day (UTC); the operator can set another number for one account. More than the cap of one reply (`MODEL_MAX_OUTPUT_TOKENS`), or the service does not start',
    see: 'docs/api/usage.md',
  }),
  INSTANCES: variable(wholeNumber(1, 10_000, 1), {
    description: 'How many processes share the limits while each has to count by itself',
  }),
  TRUST_PROXY: variable(proxyList.default([]), {
    description:
      'Proxies in front: their `X-Forwarded-For` is believed. Behind a proxy that is not named here all callers are one address',
    byDefault: "nobody's",
    example: '10.0.0.0/8,fd00::/8',
  }),
};

type LimitEnvironment = z.infer<z.ZodObject<typeof limitVariables>>;

export function toLimits(
  environment: LimitEnvironment,
): Pick<Config, 'limits' | 'connectionsPerAddress' | 'budgetTokensPerDay' | 'instances' | 'trustedProxies'> {
  return {
    limits: {
      ipPerMinute: environment.LIMIT_IP_PER_MINUTE,
      chatPerMinute: environment.LIMIT_CHAT_PER_MINUTE,
      requestsPerMinute: environment.LIMIT_REQUESTS_PER_MINUTE,
      concurrentTurns: environment.LIMIT_CONCURRENT_TURNS,
      signupsPerHour: environment.LIMIT_SIGNUPS_PER_HOUR,
      passwordsPer15Minutes: environment.LIMIT_PASSWORDS_PER_15_MINUTES,
      badKeysPerMinute: environment.LIMIT_BAD_KEYS_PER_MINUTE,
    },
    connectionsPerAddress: environment.LIMIT_CONNECTIONS_PER_ADDRESS,
    budgetTokensPerDay: environment.BUDGET_TOKENS_PER_DAY,
    instances: environment.INSTANCES,
    trustedProxies: environment.TRUST_PROXY,
  };
}
