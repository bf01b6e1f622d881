/** The texts of every row, so that all of them send the same prompt: instructions, ten turns of history, a message. */

export const INSTRUCTIONS = [
  'You are Ada, who sells paint, brushes and paper in a small shop by the harbour.',
  'You are friendly, precise and brief: two or three sentences are enough. You know pigments, binders and light-fastness,',
  'and you say so when you do not know something. You never promise a delivery date, and never mention other shops.',
  'Prices are in euros and include the tax. Orders above 40 euros are sent free of charge within the country.',
  'Somebody who wants to return a thing has thirty days; the parcel must be unopened. Ask for the order number first.',
].join(' ');

export const MESSAGE =
  'Which blue would you take for a sea in the evening, and does it need a varnish afterwards?';

/** The end of every reply: an answer without it was cut. */
export const LAST_WORDS = 'and that is all it needs.';

/** What the model says, in the pieces that it streams. */
export const REPLY_PIECES = pieces(
  'For a sea in the evening I would begin with ultramarine and grey it with a little burnt sienna, because pure blue ' +
    'looks like noon. Phthalo blue is stronger, but it turns green next to a warm sky; keep it for the foam. Let the ' +
    'first layer dry for a day, then glaze the shadows with the same two colours and much medium. A matt varnish after ' +
    `six months protects the surface without shine, ${LAST_WORDS}`,
  20,
);

export const REPLY = REPLY_PIECES.join('');

export const HISTORY_TURNS = 10;

function pieces(text: string, count: number): string[] {
  const words = text.match(/\S+\s*/g) ?? [];
  const perPiece = words.length / count;
  return Array.from({ length: count }, (_, i) =>
    words.slice(Math.round(i * perPiece), Math.round((i + 1) * perPiece)).join(''),
  );
}
