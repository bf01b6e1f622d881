/**
 * Writes the ends of lines of an event stream as LF, in whatever pieces it comes. CR and CRLF mean the same (WHATWG HTML,
 * 9.2.5), but the parser of events, once it has met a CR, searches all that it has for both at each line.
 */
export class LineFeeds {
  #endedInCr = false;

  /** @param text what follows the text before. */
  of(text: string): string {
    if (text === '') return text;
    const rest = this.#endedInCr && text.startsWith('\n') ? text.slice(1) : text;
    this.#endedInCr = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  }
}
