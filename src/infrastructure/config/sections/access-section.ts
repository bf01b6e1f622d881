import { z } from 'zod';
import type { Config } from '../config.js';
import { nameList, oneOf, ruled, variable, visibleAscii } from '../variable.js';

const originList = ruled(
  nameList
    .refine(
      (origins) => !origins.some(hasWildcard),
      'must not hold *: any page that a visitor opens could then use the keys that browsers know. Name the origins',
    )
    .refine(
      (origins) => origins.every((origin) => hasWildcard(origin) || isOrigin(origin)),
      'must hold origins as browsers send them, separated by commas, such as https://shop.example.com',
    ),
  'origins as browsers send them, separated by commas, never `*`',
);

function hasWildcard(origin: string): boolean {
  return origin.includes('*');
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

export const accessVariables = {
  FASTWRAP_API_KEY: variable(
    ruled(
      visibleAscii.min(16, 'must have at least 16 characters'),
      'at least 16 visible ASCII characters',
    ).optional(),
    {
      description:
        "The operator's service key, sent as `x-fastwrap-api-key`: it opens `/admin`, and sign-up where that is closed. Required in production. `openssl rand -hex 32` makes one",
      see: 'docs/operations/operators.md',
    },
  ),
  FASTWRAP_SECRET: variable(
    ruled(z.string().min(32, 'must have at least 32 characters'), 'at least 32 characters').optional(),
    {
      description:
        'What the digests of keys and passwords depend on. Whichever is used is backed up, and never changed for an existing database: the service would refuse to start. `openssl rand -hex 32` makes one',
      byDefault: 'made once, kept beside the database (`<database>.secret`, mode 0600)',
      see: 'docs/operations/backup.md',
    },
  ),
  SIGNUP: variable(oneOf('open', 'operator').optional(), {
    description:
      "`open`: anybody may sign up, and spend the operator's tokens. `operator`: sign-up needs the service key, which must be set then. Required in production",
    byDefault: '`open`',
    example: 'open',
  }),
  CORS_ORIGINS: variable(originList.default([]), {
    description: 'Whose pages may call from a browser. Keys belong on servers all the same',
    byDefault: "nobody's",
    example: 'https://shop.example.com',
    see: 'docs/browsers.md',
  }),
};

type AccessEnvironment = z.infer<z.ZodObject<typeof accessVariables>>;

export function accessFaults({ SIGNUP, FASTWRAP_API_KEY }: AccessEnvironment): string[] {
  if (SIGNUP !== 'operator' || FASTWRAP_API_KEY !== undefined) return [];
  return ['FASTWRAP_API_KEY must be set for SIGNUP operator: nobody could sign up'];
}

export function toAccess(
  environment: AccessEnvironment,
): Pick<Config, 'serviceKey' | 'secret' | 'signup' | 'corsOrigins'> {
  return {
    serviceKey: environment.FASTWRAP_API_KEY ?? null,
    secret: environment.FASTWRAP_SECRET ?? null,
    signup: environment.SIGNUP ?? 'open',
    corsOrigins: environment.CORS_ORIGINS,
  };
}
