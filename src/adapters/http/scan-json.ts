export interface JsonShape {
  readonly isTooDeep: boolean;
  /** Of two fields with one name JSON.parse would drop the first without a word. Names are compared as written. */
  readonly hasRepeatedName: boolean;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;

/** What JSON.parse does not tell, found without building anything from the text, which may be no JSON at all. */
export function scanJson(text: string, maxDepth: number): JsonShape {
  /** The names so far of each open object; null for an array. */
  const open: (Set<string> | null)[] = [];
  let lastString = '';
  let hasRepeatedName = false;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.length === maxDepth) return { isTooDeep: true, hasRepeatedName };
      open.push(token === '{' ? new Set() : null);
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const names = open.at(-1);
      if (names?.has(lastString)) hasRepeatedName = true;
      names?.add(lastString);
    } else lastString = token;
  }
  return { isTooDeep: false, hasRepeatedName };
}
