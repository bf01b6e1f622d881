/** Whether this process should be sent new requests. */
export class Readiness {
  #state: 'starting' | 'ready' | 'draining' = 'starting';

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  markReady(): void {
    this.#state = 'ready';
  }

  markDraining(): void {
    this.#state = 'draining';
  }
}
