import { expect } from 'chai';
import { MaxHeap, type Sized } from '#src/adapters/memory/structures/max-heap.js';
import { SeededRandom } from '#tests/support/fixtures/seeded-random.js';

interface Item extends Sized {
  bytes: number;
}

describe('MaxHeap', () => {
  it('has the heaviest at hand after every change', () => {
    const random = new SeededRandom(1);
    const heap = new MaxHeap<Item>();
    const items: Item[] = [];
    for (let change = 0; change < 3000; change += 1) {
      const item = random.pick(items);
      if (item === undefined || random.next() < 0.4) {
        const added = { bytes: random.between(0, 50), place: 0 };
        items.push(added);
        heap.add(added);
      } else if (random.next() < 0.5) {
        item.bytes = random.between(0, 50);
        heap.reorder(item);
      } else {
        items.splice(items.indexOf(item), 1);
        heap.remove(item);
      }
      expect(heap.heaviest?.bytes ?? -1).to.equal(Math.max(-1, ...items.map(({ bytes }) => bytes)));
    }
    expect(items).to.have.length.above(10);
    while (heap.heaviest !== undefined) {
      const { heaviest } = heap;
      expect(heaviest.bytes).to.equal(Math.max(...items.map(({ bytes }) => bytes)));
      items.splice(items.indexOf(heaviest), 1);
      heap.remove(heaviest);
    }
    expect(items).to.deep.equal([]);
  });

  it('holds nothing after it was cleared', () => {
    const heap = new MaxHeap<Item>();
    heap.add({ bytes: 1, place: 0 });
    heap.clear();
    expect(heap.heaviest).to.equal(undefined);
  });
});
