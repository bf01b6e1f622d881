/** A map by client and a name of the client's choice. Nested, so that no two pairs can ever meet in one key. */
export class ClientMap<T> {
  readonly #clients = new Map<string, Map<string, T>>();

  get(clientId: string, name: string): T | undefined {
    return this.#clients.get(clientId)?.get(name);
  }

  set(clientId: string, name: string, value: T): void {
    const own = this.#clients.get(clientId);
    if (own === undefined) this.#clients.set(clientId, new Map([[name, value]]));
    else own.set(name, value);
  }

  delete(clientId: string, name: string): void {
    const own = this.#clients.get(clientId);
    own?.delete(name);
    if (own?.size === 0) this.#clients.delete(clientId);
  }

  /** A copy: entries may be deleted while it is walked. */
  valuesOf(clientId: string): readonly T[] {
    return [...(this.#clients.get(clientId)?.values() ?? [])];
  }
}
