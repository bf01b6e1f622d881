/** The requests of this process whose work takes long, known by the key that let them in. */
export interface RunningRequests {
  /** Each once. */
  keyIds(): readonly string[];
  /** Ends all that run for the key. @param reason the error that their callers receive. */
  abortByKey(keyId: string, reason: Error): void;
}
