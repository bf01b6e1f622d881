/** What a heap holds: only the heap writes `place`. */
export interface Sized {
  readonly bytes: number;
  place: number;
}

/** Keeps the heaviest at hand, in O(log n) for each change: a binary heap whose items know their places. */
export class MaxHeap<T extends Sized> {
  readonly #items: T[] = [];

  get heaviest(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#put(item, this.#items.length);
    this.#rise(item);
  }

  /** After its weight has changed. */
  reorder(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  remove(item: T): void {
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#put(last, item.place);
    this.reorder(last);
  }

  clear(): void {
    this.#items.length = 0;
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }

  #swap(one: T, other: T): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #rise(item: T): void {
    for (;;) {
      const parent = this.#items[(item.place - 1) >> 1];
      if (parent === undefined || parent.bytes >= item.bytes) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1];
      const right = this.#items[2 * item.place + 2];
      const child = right !== undefined && left !== undefined && right.bytes > left.bytes ? right : left;
      if (child === undefined || child.bytes <= item.bytes) return;
      this.#swap(item, child);
    }
  }
}
