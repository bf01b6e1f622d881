import { setImmediate } from 'node:timers/promises';
import type { UsageEntry, UsageRepository } from '#src/application/ports/storage/usage-repository.js';
import { AppError } from '#src/domain/errors.js';
import {
  type ShownUsage,
  subtractCounts,
  type TurnCounts,
  tokensOf,
  USAGE_DAYS,
} from '#src/domain/usage/usage.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';
import type { SqliteDatabase } from '../database/sqlite-database.js';
import { PacedWork, type WorkMeter } from '../paced-work.js';
import { ClientReports } from './client-reports.js';

/** `WHERE true` keeps SQLite from reading ON CONFLICT as a part of the join. */
const ADD = `
  INSERT INTO usage_by_character (client_id, day, character_id, turns, input_tokens, output_tokens)
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

/** The oldest day that stays: one look-up in the index of days for each recorded day that is kept, however many rows there are. */
const KEPT_FROM = `
  WITH RECURSIVE recorded (day, place) AS (
    SELECT max(day), 1 FROM usage_days
    UNION ALL
    SELECT (SELECT max(usage_days.day) FROM usage_days WHERE usage_days.day < recorded.day), place + 1
    FROM recorded WHERE day IS NOT NULL AND place < ?1
  )
  SELECT min(?2, (SELECT coalesce(day, '') FROM recorded ORDER BY place DESC LIMIT 1)) AS day`;

const FORGET = `
  DELETE FROM usage_by_character WHERE (client_id, day) IN (SELECT client_id, day FROM usage_days WHERE day < ?)`;
const FORGET_DAYS = 'DELETE FROM usage_days WHERE day < ?';

/**
 * Each day's sum, and its costliest characters in no order, all as they were at one moment. The characters as one text: a row
 * of its own for each of them costs this process's thread ten times as much.
 */
const LIST = `
  SELECT day, turns, input_tokens AS inputTokens, output_tokens AS outputTokens, (
    SELECT json_group_array(json_array(character_id, turns, input_tokens, output_tokens))
    FROM (
      SELECT character_id, turns, input_tokens, output_tokens FROM usage_by_character
      WHERE client_id = usage_days.client_id AND day = usage_days.day
      ORDER BY input_tokens + output_tokens DESC, character_id LIMIT ?3)) AS costliest
  FROM usage_days WHERE client_id = ?1 AND day >= ?2 ORDER BY day DESC`;

const TOKENS_ON = `
  SELECT input_tokens + output_tokens AS tokens FROM usage_days WHERE client_id = ? AND day = ?`;

interface DayRow extends TurnCounts {
  readonly day: UtcDay;
  /** JSON: {@link CostliestCharacter}[]. */
  readonly costliest: string;
}

type CostliestCharacter = [characterId: string, turns: number, inputTokens: number, outputTokens: number];

/** Pages of usage that one client may have waiting behind the one that is read. */
const MAX_WAITING_REPORTS = 8;
const REPORT_TIMEOUT_MS = 5000;

export class SqliteUsageRepository implements UsageRepository {
  readonly #database: SqliteDatabase;
  readonly #reports = new ClientReports({ maxWaiting: MAX_WAITING_REPORTS, timeoutMs: REPORT_TIMEOUT_MS });

  readonly #paced: PacedWork;

  /** @param paced runs the pages of all clients. */
  constructor(database: SqliteDatabase, paced = new PacedWork()) {
    this.#database = database;
    this.#paced = paced;
  }

  async add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void> {
    const added = JSON.stringify(entries);
    await this.#database.transaction(async (run) => {
      await run(ADD, [added]);
      await run(ADD_TO_DAYS, [added]);
      const [keptFrom] = await run<{ day: UtcDay }>(KEPT_FROM, [USAGE_DAYS, oldestDay]);
      for (const forget of [FORGET, FORGET_DAYS]) await run(forget, [keptFrom?.day ?? '']);
    });
  }

  async list(clientId: string, fromDay: UtcDay, maxCharacters: number): Promise<ShownUsage[]> {
    let hasBegun = false;
    try {
      return await this.#reports.run(clientId, (isLate) =>
        this.#paced.run(clientId, async (meter) => {
          if (isLate()) return [];
          hasBegun = true;
          return this.#page(meter, clientId, fromDay, maxCharacters);
        }),
      );
    } catch (error) {
      // Nothing is known against the database by one who never came to ask it.
      throw hasBegun ? error : new AppError('overloaded', { cause: error });
    }
  }

  async #page(
    meter: WorkMeter,
    clientId: string,
    fromDay: UtcDay,
    maxCharacters: number,
  ): Promise<ShownUsage[]> {
    const days = await meter.measure(() =>
      this.#database.report<DayRow>(LIST, [clientId, fromDay, maxCharacters + 1]),
    );
    const shown: ShownUsage[] = [];
    for (const day of days) {
      shown.push(...(await meter.measure(() => toShown(day, maxCharacters))));
      // A page of 3,000 rows takes milliseconds: others' requests go on in between.
      await setImmediate();
    }
    return shown;
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    const [row] = await this.#database.read<{ tokens: number }>(TOKENS_ON, [clientId, day]);
    return row?.tokens ?? 0;
  }
}

/** @param row with one character more than are shown, if there are more. */
function toShown({ day, costliest, ...sum }: DayRow, maxCharacters: number): ShownUsage[] {
  const found: CostliestCharacter[] = JSON.parse(costliest);
  const shown = found
    .map(([characterId, turns, inputTokens, outputTokens]) => ({
      day,
      characterId,
      turns,
      inputTokens,
      outputTokens,
    }))
    .sort((a, b) => tokensOf(b) - tokensOf(a) || compareIds(a, b))
    .slice(0, maxCharacters)
    .sort(compareIds);
  if (found.length <= maxCharacters) return shown;
  return [...shown, { day, characterId: null, ...shown.reduce<TurnCounts>(subtractCounts, sum) }];
}

function compareIds(a: { readonly characterId: string }, b: { readonly characterId: string }): number {
  return a.characterId < b.characterId ? -1 : 1;
}
