import { cruise } from './cruise.mjs';

/** Without a compiler that it knows, dependency-cruiser reads nothing and finds nothing wrong. */
const FEWEST_MODULES = 30;

const { modules, violations } = cruise(process.cwd());
for (const { rule, from, to } of violations) process.stdout.write(`${rule}: ${from} → ${to}\n`);
process.stdout.write(`boundaries: ${modules} modules, ${violations.length} violations\n`);
if (modules < FEWEST_MODULES) {
  process.stdout.write(`boundaries: fewer than ${FEWEST_MODULES} modules were read: the check saw nothing\n`);
}
process.exitCode = violations.length > 0 || modules < FEWEST_MODULES ? 1 : 0;
