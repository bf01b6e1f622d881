export interface JsonBounds {
  readonly maxDepth: number;
  /** Of all objects and lists together: what is built of a text costs far more than the text. */
  readonly maxValues: number;
}

export interface JsonShape {
  readonly isOverBounds: boolean;
  /** Of valid JSON: how many fields its objects are written with, those that come twice counted twice. */
  readonly writtenFields: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * What JSON.parse does not report, found without building anything from the text, which may be no JSON at all. It looks at
 * each character once: a regular expression would search an unclosed string again from each of its quotes.
 */
export function scanJson(text: string, { maxDepth, maxValues }: JsonBounds): JsonShape {
  let depth = 0;
  let values = 1;
  let writtenFields = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === COLON) writtenFields += 1;
    else if (code === COMMA) values += 1;
    else if (isOpening(code)) depth += 1;
    else if (isClosing(code)) depth -= 1;
    if (depth > maxDepth || values > maxValues) return { isOverBounds: true, writtenFields };
  }
  return { isOverBounds: false, writtenFields };
}

/** Where the quote is that closes the string; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) break;
    index += code === BACKSLASH ? 2 : 1;
  }
  return index;
}

/** `[` or `{` */
function isOpening(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

/** `]` or `}` */
function isClosing(code: number): boolean {
  return code === 0x5d || code === 0x7d;
}
