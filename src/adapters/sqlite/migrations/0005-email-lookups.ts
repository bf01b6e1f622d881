import { emailLookup } from '#src/domain/clients/client.js';
import type { RunStatement } from '../database/sqlite-connection.js';

interface Row {
  readonly id: string;
  readonly email: string;
  readonly lookup: string;
  readonly createdAt: string;
}

const COLUMNS = 'id, email, email_lookup AS lookup, created_at AS createdAt';

/** Those that may read otherwise by today's rule: beyond ASCII, or with a dot at the end. The oldest first. */
const FIND_OTHERS = `
  SELECT ${COLUMNS} FROM clients WHERE email_lookup GLOB '*[^ -~]*' OR email_lookup GLOB '*.'
  ORDER BY created_at, id`;
const FIND_OWNER = `SELECT ${COLUMNS} FROM clients WHERE email_lookup = ?`;
const SET_LOOKUP = 'UPDATE clients SET email_lookup = ? WHERE id = ?';

/**
 * One email in Unicode and in punycode used to be two accounts. Both stay, and work by their keys; the older one is found
 * by the email from now on. The younger one is not, until its owner gives it an email that is free.
 */
export async function emailLookups(run: RunStatement): Promise<void> {
  for (const row of await run<Row>(FIND_OTHERS)) {
    const lookup = emailLookup(row.email);
    if (lookup === row.lookup) continue;
    const [owner] = await run<Row>(FIND_OWNER, [lookup]);
    if (owner !== undefined) {
      if (isOlder(owner, row)) continue;
      // No email has a space: nobody is found by it.
      await run(SET_LOOKUP, [`${lookup} ${owner.id}`, owner.id]);
    }
    await run(SET_LOOKUP, [lookup, row.id]);
  }
}

function isOlder(one: Row, other: Row): boolean {
  return one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.id < other.id);
}
