export interface ModelHealth {
  /** Whether calls to the model fail at the moment: it failed again and again, or its provider refuses key or name. Asks nobody. */
  isRefusing(model: string): boolean;
}
