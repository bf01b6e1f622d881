export interface CommonPasswords {
  /** Whether it is among the 10,000 most common ones. Takes it lower-cased. */
  has(lowerCased: string): Promise<boolean>;
}
