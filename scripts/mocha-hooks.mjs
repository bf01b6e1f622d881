/** `scripts/test.mjs` has mocha load this, and hears the counts when all is over. Here `this` is mocha's runner. */
export async function mochaGlobalTeardown() {
  const { passes, failures } = this.stats;
  await new Promise((resolve) => process.send({ passed: passes, failed: failures }, resolve));
}
