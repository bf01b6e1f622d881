import type { ApiClient, ApiResponse } from '#tests/support/fixtures/api-client.js';

export const PASSWORD = 'correct horse battery';

/** An account with its email, which {@link ApiClient.signUp} keeps to itself. */
export interface Account {
  readonly email: string;
  readonly api: ApiClient;
}

export async function openAccount(anonymous: ApiClient, name: string): Promise<Account> {
  const email = `${name}@example.com`;
  return { email, api: await anonymous.signUp(email) };
}

/** By email and password, as an owner who lost the key. */
export function logIn(anonymous: ApiClient, email: string, password = PASSWORD): Promise<ApiResponse> {
  return anonymous.post('/auth/keys', { email, password });
}

/** How many times each status was answered. */
export function countStatuses(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
