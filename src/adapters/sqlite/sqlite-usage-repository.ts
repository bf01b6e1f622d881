import type { UsageEntry, UsageRepository } from '#src/application/ports/usage-repository.js';
import type { CharacterDay } from '#src/domain/usage.js';
import type { UtcDay } from '#src/domain/utc-day.js';
import type { SqliteDatabase } from './sqlite-database.js';

/** `WHERE true` keeps SQLite from reading ON CONFLICT as a part of the join. */
const ADD = `
  INSERT INTO usage (client_id, day, character_id, turns, input_tokens, output_tokens)
  SELECT clients.id, value ->> 'day', value ->> 'characterId',
    value ->> 'turns', value ->> 'inputTokens', value ->> 'outputTokens'
  FROM json_each(?) JOIN clients ON clients.id = value ->> 'clientId' WHERE true
  ON CONFLICT (client_id, day, character_id) DO UPDATE SET
    turns = turns + excluded.turns,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens`;

const FORGET = 'DELETE FROM usage WHERE day < ?';

const LIST = `
  SELECT day, character_id AS characterId, turns, input_tokens AS inputTokens, output_tokens AS outputTokens
  FROM usage WHERE client_id = ? AND day >= ? ORDER BY day DESC, character_id`;

const TOKENS_ON = `
  SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens FROM usage WHERE client_id = ? AND day = ?`;

export class SqliteUsageRepository implements UsageRepository {
  constructor(private readonly database: SqliteDatabase) {}

  async add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void> {
    await this.database.transaction(async (run) => {
      await run(ADD, [JSON.stringify(entries)]);
      await run(FORGET, [oldestDay]);
    });
  }

  list(clientId: string, fromDay: UtcDay): Promise<CharacterDay[]> {
    return this.database.read<CharacterDay>(LIST, [clientId, fromDay]);
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    const [row] = await this.database.read<{ tokens: number }>(TOKENS_ON, [clientId, day]);
    return row?.tokens ?? 0;
  }
}
