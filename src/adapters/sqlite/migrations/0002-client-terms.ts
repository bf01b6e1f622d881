export const clientTerms = `
ALTER TABLE clients ADD COLUMN suspended_at TEXT;
ALTER TABLE clients ADD COLUMN chat_per_minute INTEGER;
ALTER TABLE clients ADD COLUMN requests_per_minute INTEGER;
ALTER TABLE clients ADD COLUMN concurrent_turns INTEGER;
ALTER TABLE clients ADD COLUMN budget_tokens_per_day INTEGER;
`;
