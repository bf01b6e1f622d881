import fc from 'fast-check';

/** What parsers search for, stop at or skip. */
const SIGNS = [...'"\\ \t,.:;%/@=-_|#?&{}[]()<>\'*+01aEé\r\n', '\u0300', '😀'];

/** What most grammars are made of: each pair of them is tried. */
const MAIN_SIGNS = [...'"\\ ,.:%@['];

/** A text of any length: a few characters again and again, between a beginning and an end. */
export interface HostileText {
  readonly head: string;
  readonly unit: string;
  readonly tail: string;
}

export function textOfLength({ head, unit, tail }: HostileText, length: number): string {
  return (
    head + unit.repeat(Math.max(1, Math.ceil((length - head.length - tail.length) / unit.length))) + tail
  );
}

/** Each sign and each pair of the main ones, and as many others as asked for. @param heads with which the parser gets as far as its loops. */
export function hostileTexts(heads: readonly string[], count: number, seed: number): readonly HostileText[] {
  const sign = fc.constantFrom(...SIGNS);
  const text = fc.record({
    head: fc.constantFrom('', ...heads),
    unit: fc.string({ unit: sign, minLength: 1, maxLength: 3 }),
    tail: fc.oneof(fc.constant(''), sign),
  });
  return [
    ...SIGNS.map((unit) => ({ head: heads[0] ?? '', unit, tail: '' })),
    ...SIGNS.map((unit) => ({ head: heads[0] ?? '', unit, tail: '!' })),
    ...MAIN_SIGNS.flatMap((one) =>
      MAIN_SIGNS.map((other) => ({ head: heads[0] ?? '', unit: one + other, tail: one })),
    ),
    ...fc.sample(text, { seed, numRuns: count }),
  ];
}
