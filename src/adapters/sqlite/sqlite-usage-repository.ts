import type { UsageEntry, UsageRepository } from '#src/application/ports/usage-repository.js';
import { type ShownUsage, USAGE_DAYS } from '#src/domain/usage.js';
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

/** One look-up in the index of days for each recorded day that is kept, so that it costs no more with many rows. */
const FORGET = `
  WITH RECURSIVE recorded (day, place) AS (
    SELECT max(day), 1 FROM usage
    UNION ALL
    SELECT (SELECT max(usage.day) FROM usage WHERE usage.day < recorded.day), place + 1
    FROM recorded WHERE day IS NOT NULL AND place < ?
  )
  DELETE FROM usage
  WHERE day < ? AND day < (SELECT coalesce(day, '') FROM recorded ORDER BY place DESC LIMIT 1)`;

const LIST = `
  SELECT day, characterId, sum(turns) AS turns, sum(input_tokens) AS inputTokens, sum(output_tokens) AS outputTokens
  FROM (
    SELECT day, turns, input_tokens, output_tokens, iif(
      row_number() OVER (PARTITION BY day ORDER BY input_tokens + output_tokens DESC, character_id) <= ?,
      character_id, NULL) AS characterId
    FROM usage WHERE client_id = ? AND day >= ?
  )
  GROUP BY day, characterId ORDER BY day DESC, characterId IS NULL, characterId`;

const TOKENS_ON = `
  SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens FROM usage WHERE client_id = ? AND day = ?`;

export class SqliteUsageRepository implements UsageRepository {
  constructor(private readonly database: SqliteDatabase) {}

  async add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void> {
    await this.database.transaction(async (run) => {
      await run(ADD, [JSON.stringify(entries)]);
      await run(FORGET, [USAGE_DAYS, oldestDay]);
    });
  }

  list(clientId: string, fromDay: UtcDay, mostCharacters: number): Promise<ShownUsage[]> {
    return this.database.read<ShownUsage>(LIST, [mostCharacters, clientId, fromDay]);
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    const [row] = await this.database.read<{ tokens: number }>(TOKENS_ON, [clientId, day]);
    return row?.tokens ?? 0;
  }
}
