/** A map by client and conversation. Nested, so that no two pairs of ids can ever meet in one key. */
export class ConversationMap<T> {
  readonly #clients = new Map<string, Map<string, T>>();

  get size(): number {
    let size = 0;
    for (const own of this.#clients.values()) size += own.size;
    return size;
  }

  get(clientId: string, conversationId: string): T | undefined {
    return this.#clients.get(clientId)?.get(conversationId);
  }

  set(clientId: string, conversationId: string, value: T): void {
    const own = this.#clients.get(clientId);
    if (own === undefined) this.#clients.set(clientId, new Map([[conversationId, value]]));
    else own.set(conversationId, value);
  }

  delete(clientId: string, conversationId: string): void {
    const own = this.#clients.get(clientId);
    own?.delete(conversationId);
    if (own?.size === 0) this.#clients.delete(clientId);
  }

  /** A copy: entries may be deleted while it is walked. */
  valuesOf(clientId: string): readonly T[] {
    return [...(this.#clients.get(clientId)?.values() ?? [])];
  }
}
