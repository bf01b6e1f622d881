/** The service's limits, for whom the operator has not agreed on others. 0 is none. */
export interface LimitSettings {
  /** All requests of one address. */
  readonly ipPerMinute: number;
  /** Chat turns of one client. */
  readonly chatPerMinute: number;
  /** Other requests of one client. */
  readonly requestsPerMinute: number;
  /** Turns of one client at the same time. */
  readonly concurrentTurns: number;
  /** Of one address; all addresses together may make {@link SIGNUPS_OF_ALL} times as many. */
  readonly signupsPerHour: number;
  /** Wrong passwords for one account from one address; multiples of it bound wider counts, and those of right ones. */
  readonly passwordsPer15Minutes: number;
  /** Wrong API keys, and wrong service keys, of one address. */
  readonly badKeysPerMinute: number;
}

/** How many addresses' worth of sign-ups the whole service takes. */
export const SIGNUPS_OF_ALL = 10;
