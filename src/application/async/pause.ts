/** A pause between two questions, which anybody may cut short. */
export class Pause {
  #wake: (() => void) | null = null;
  #woken = false;

  /** The next pause, or the one that lasts, ends at once. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async last(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#woken = false;
  }
}
