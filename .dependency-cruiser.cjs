/** The floors, and where each vendor lives. Type-only imports count. `scripts/prove-boundaries.mjs` plants a violation of every rule. */

const packages = (...names) => `(^|node_modules/)(@types/)?(${names.join('|')})(/|$)`;

const FLOORS = [
  {
    name: 'domain-imports-domain-alone',
    from: { path: '^src/domain/' },
    to: { pathNot: '^src/domain/' },
  },
  {
    name: 'application-imports-domain-and-application-alone',
    from: { path: '^src/application/' },
    to: { pathNot: '^src/(domain|application)/' },
  },
  {
    name: 'adapters-stay-apart',
    from: { path: '^src/adapters/([^/]+)/' },
    to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
  },
  {
    name: 'adapters-live-in-folders',
    from: {},
    to: { path: '^src/adapters/[^/]+$' },
  },
  {
    name: 'infrastructure-is-imported-by-nobody',
    from: { path: '^src/', pathNot: '^src/(infrastructure|domain|application)/' },
    to: { path: '^src/infrastructure/' },
  },
  {
    name: 'src-knows-no-tests',
    from: { path: '^src/', pathNot: '^src/(domain|application)/' },
    to: { path: '^(tests|bench|scripts)/' },
  },
];

const VENDORS = [
  ['sqlite', ['adapters/sqlite'], ['sqlite', 'sqlite3']],
  ['langchain', ['adapters/langchain'], ['@langchain/[^/]+', 'openai', '@mistralai/[^/]+']],
  ['undici', ['adapters/langchain', 'adapters/langsmith'], ['undici']],
  ['langsmith', ['adapters/langsmith'], ['langsmith']],
  ['cockatiel', ['adapters/failover'], ['cockatiel']],
  ['bcrypt', ['adapters/bcrypt'], ['bcrypt']],
  ['uuid', ['adapters/system'], ['uuid']],
  ['zxcvbn', ['adapters/zxcvbn'], ['@zxcvbn-ts/[^/]+']],
  [
    'lru-cache',
    ['adapters/langchain', 'adapters/failover', 'adapters/sqlite', 'adapters/memory'],
    ['lru-cache'],
  ],
  ['eventsource-parser', ['adapters/langchain'], ['eventsource-parser']],
  [
    'http',
    ['adapters/http'],
    [
      'express',
      '@tsoa/[^/]+',
      'tsoa',
      'ajv',
      'on-headers',
      'swagger-ui-dist',
      'safe-stable-stringify',
      'helmet',
      'cors',
      'ipaddr\\.js',
    ],
  ],
  ['inversify', ['infrastructure', 'adapters/http'], ['inversify', 'reflect-metadata']],
  ['infrastructure', ['infrastructure'], ['zod', 'pino']],
  ['redis', ['adapters/redis'], ['ioredis']],
];

const vendorRules = VENDORS.map(([name, homes, names]) => ({
  name: `vendor-stays-home-${name}`,
  from: { path: '^src/', pathNot: `^src/(domain|application|${homes.join('|')})/` },
  to: { path: packages(...names) },
}));

const HYGIENE = [
  {
    name: 'vendor-has-a-home',
    comment: 'A new package needs a line in VENDORS first.',
    from: { path: '^src/', pathNot: '^src/(domain|application)/' },
    to: {
      dependencyTypes: ['npm', 'npm-optional', 'npm-peer', 'npm-bundled'],
      pathNot: packages(...VENDORS.flatMap(([, , names]) => names)),
    },
  },
  {
    name: 'no-undeclared-packages',
    from: { path: '^src/', pathNot: '^src/(domain|application)/' },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-dev-dependencies',
    from: { path: '^src/', pathNot: '^src/(domain|application)/' },
    to: { dependencyTypes: ['npm-dev'] },
  },
  {
    name: 'no-unresolvable-imports',
    from: { path: '^src/', pathNot: '^src/(domain|application)/' },
    to: { couldNotResolve: true },
  },
  { name: 'no-circular-imports', from: { path: '^src/' }, to: { circular: true } },
  // docs-start.ts runs in the browser: the page names it, nothing imports it.
  { name: 'no-orphans', from: { path: '^src/', pathNot: '/docs-start\\.', orphan: true }, to: {} },
];

module.exports = {
  forbidden: [...FLOORS, ...vendorRules, ...HYGIENE].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    webpackConfig: { fileName: 'scripts/cruise-resolution.cjs' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
