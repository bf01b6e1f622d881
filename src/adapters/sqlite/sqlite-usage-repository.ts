import type { UsageEntry, UsageRepository } from '#src/application/ports/usage-repository.js';
import { type ShownUsage, type TurnCounts, USAGE_DAYS } from '#src/domain/usage.js';
import type { UtcDay } from '#src/domain/utc-day.js';
import { ClientReports } from './client-reports.js';
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

const ADD_TO_DAYS = `
  INSERT INTO usage_days (client_id, day, turns, input_tokens, output_tokens)
  SELECT clients.id, value ->> 'day',
    sum(value ->> 'turns'), sum(value ->> 'inputTokens'), sum(value ->> 'outputTokens')
  FROM json_each(?) JOIN clients ON clients.id = value ->> 'clientId' WHERE true GROUP BY 1, 2
  ON CONFLICT (client_id, day) DO UPDATE SET
    turns = turns + excluded.turns,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens`;

/** One look-up in the index of days for each recorded day that is kept, so that it costs no more with many rows. */
const RECORDED = `
  WITH RECURSIVE recorded (day, place) AS (
    SELECT max(day), 1 FROM usage_days
    UNION ALL
    SELECT (SELECT max(usage_days.day) FROM usage_days WHERE usage_days.day < recorded.day), place + 1
    FROM recorded WHERE day IS NOT NULL AND place < ?1
  )`;
const IS_FORGOTTEN = `day < ?2 AND day < (SELECT coalesce(day, '') FROM recorded ORDER BY place DESC LIMIT 1)`;

const FORGET = `${RECORDED}
  DELETE FROM usage WHERE (client_id, day) IN (SELECT client_id, day FROM usage_days WHERE ${IS_FORGOTTEN})`;

const FORGET_DAYS = `${RECORDED} DELETE FROM usage_days WHERE ${IS_FORGOTTEN}`;

const DAYS = 'SELECT day FROM usage_days WHERE client_id = ? AND day >= ? ORDER BY day DESC';

/** The day's sum without a character, then its dearest characters, all as they were at one moment. */
const DAY = `
  SELECT NULL AS characterId, turns, input_tokens AS inputTokens, output_tokens AS outputTokens
  FROM usage_days WHERE client_id = ?1 AND day = ?2
  UNION ALL
  SELECT * FROM (
    SELECT character_id, turns, input_tokens, output_tokens FROM usage WHERE client_id = ?1 AND day = ?2
    ORDER BY input_tokens + output_tokens DESC, character_id LIMIT ?3)`;

const TOKENS_ON = `
  SELECT input_tokens + output_tokens AS tokens FROM usage_days WHERE client_id = ? AND day = ?`;

interface DayRow extends TurnCounts {
  readonly characterId: string | null;
}

/** Pages of usage that one client may have waiting behind the one that is read. */
const MAX_WAITING_REPORTS = 8;
const REPORT_TIMEOUT_MS = 5000;

export class SqliteUsageRepository implements UsageRepository {
  readonly #reports = new ClientReports({ maxWaiting: MAX_WAITING_REPORTS, timeoutMs: REPORT_TIMEOUT_MS });

  constructor(private readonly database: SqliteDatabase) {}

  async add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void> {
    const added = JSON.stringify(entries);
    await this.database.transaction(async (run) => {
      await run(ADD, [added]);
      await run(ADD_TO_DAYS, [added]);
      await run(FORGET, [USAGE_DAYS, oldestDay]);
      await run(FORGET_DAYS, [USAGE_DAYS, oldestDay]);
    });
  }

  /** Day by day: others' reports come in between, and no snapshot is held for the whole of it. */
  list(clientId: string, fromDay: UtcDay, mostCharacters: number): Promise<ShownUsage[]> {
    return this.#reports.run(clientId, async (isLate) => {
      const days = await this.database.report<{ day: UtcDay }>(DAYS, [clientId, fromDay]);
      const shown: ShownUsage[] = [];
      for (const { day } of days) {
        if (isLate()) break;
        const rows = await this.database.report<DayRow>(DAY, [clientId, day, mostCharacters + 1]);
        shown.push(...toShown(day, rows, mostCharacters));
      }
      return shown;
    });
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    const [row] = await this.database.read<{ tokens: number }>(TOKENS_ON, [clientId, day]);
    return row?.tokens ?? 0;
  }
}

/** @param rows the day's sum, then its characters, the dearest first, one more than are shown if there are more. */
function toShown(day: UtcDay, [sum, ...rows]: readonly DayRow[], mostCharacters: number): ShownUsage[] {
  if (sum === undefined) return [];
  const dearest = rows.slice(0, mostCharacters);
  const shown = dearest.toSorted((a, b) => ((a.characterId ?? '') < (b.characterId ?? '') ? -1 : 1));
  const rest = rows.length > mostCharacters ? [dearest.reduce(subtractCounts, sum)] : [];
  return [...shown, ...rest].map((row) => ({ day, ...row }));
}

function subtractCounts(from: DayRow, less: TurnCounts): DayRow {
  return {
    ...from,
    turns: from.turns - less.turns,
    inputTokens: from.inputTokens - less.inputTokens,
    outputTokens: from.outputTokens - less.outputTokens,
  };
}
