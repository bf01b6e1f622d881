/**
 * Each day's sum beside its parts, and the parts by what they cost: a page of usage reads what it shows and no more. The
 * parts take another name, so that an older version of the service that still has the file open fails to add to them alone.
 */
export const usageDays = `
CREATE TABLE usage_days (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  turns INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  PRIMARY KEY (client_id, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_days_by_day ON usage_days (day);

INSERT INTO usage_days (client_id, day, turns, input_tokens, output_tokens)
SELECT client_id, day, sum(turns), sum(input_tokens), sum(output_tokens) FROM usage GROUP BY client_id, day;

DROP INDEX usage_by_day;

ALTER TABLE usage RENAME TO usage_by_character;

CREATE INDEX usage_by_tokens ON usage_by_character (client_id, day, input_tokens + output_tokens DESC, character_id);
`;
