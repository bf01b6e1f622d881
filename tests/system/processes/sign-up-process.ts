import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { credentialsOf, keyOf } from '#tests/contracts/client-repository.contract.js';

/** A process of its own: opens the file named first, and creates the client with the number named second. */
const [path = '', number = ''] = process.argv.slice(2);
const database = await SqliteDatabase.open(path);
await new SqliteClientRepository(database).create(credentialsOf(Number(number)), keyOf(Number(number)));
await database.close();
