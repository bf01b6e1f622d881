/** The operator's one key. */
export interface ServiceKey {
  /** In constant time. */
  matches(text: string): boolean;
}
