export interface ModelHealth {
  /** Whether calls to the model are refused at the moment because it failed again and again. Asks nobody. */
  isRefusing(model: string): boolean;
}
