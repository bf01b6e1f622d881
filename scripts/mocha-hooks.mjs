/** `scripts/run-mocha.mjs` and `scripts/watch.mjs` have mocha load this in each of its processes. */

/** By themselves mocha's processes pass over a rejection that nobody handles. */
function fail(error) {
  throw error;
}

export const mochaHooks = {
  beforeAll() {
    if (!process.listeners('unhandledRejection').includes(fail)) process.on('unhandledRejection', fail);
  },
};

/** The script hears the counts when all is over. Here `this` is mocha's runner. */
export async function mochaGlobalTeardown() {
  const { passes, failures } = this.stats;
  if (process.send === undefined) return;
  await new Promise((resolve) => process.send({ passed: passes, failed: failures }, resolve));
}
