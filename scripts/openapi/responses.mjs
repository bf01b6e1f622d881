/**
 * Lets operations share the refusals that they declare alike: their lists of headers are long. Each is named by its
 * description; of two that differ and have one name the rarer stays where it is.
 */
export function shareResponses(document) {
  const byText = new Map();
  for (const methods of Object.values(document.paths)) {
    for (const { responses } of Object.values(methods)) {
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      for (const [status, response] of refusals) {
        const text = JSON.stringify(response);
        const uses = byText.get(text) ?? [];
        byText.set(text, [...uses, { responses, status }]);
      }
    }
  }
  const shared = {};
  const mostUsedFirst = [...byText].sort(([, a], [, b]) => b.length - a.length);
  for (const [text, uses] of mostUsedFirst) {
    const response = JSON.parse(text);
    const name = nameOf(response);
    if (uses.length === 1 || name in shared) continue;
    shared[name] = response;
    for (const { responses, status } of uses) responses[status] = { $ref: `#/components/responses/${name}` };
  }
  document.components.responses = shared;
}

/** Of letters that a component's name may have. */
function nameOf({ description }) {
  return description.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '');
}
