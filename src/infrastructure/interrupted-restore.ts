/** The database that comes, while a restore puts it in its place. Where it lies, a restore was cut off. */
export function interruptedRestoreOf(databaseFile: string): string {
  return `${databaseFile}.restoring`;
}
