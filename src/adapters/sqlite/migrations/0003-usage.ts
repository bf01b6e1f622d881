/** No reference to characters: what was spent stays when a character goes. */
export const usage = `
CREATE TABLE usage (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  character_id TEXT NOT NULL,
  turns INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  PRIMARY KEY (client_id, day, character_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_day ON usage (day);
`;
