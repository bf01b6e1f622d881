import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface OutgoingRequest {
  readonly method: string;
  /** Goes out as it is: nothing is normalised or escaped. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** For requests that `fetch` repairs or refuses. Without a Content-Length among the headers a body goes out in chunks. */
export function sendRequest(url: string, outgoing: OutgoingRequest, agent: Agent): Promise<PlainAnswer> {
  const { hostname, port } = new URL(url);
  const { method, path, body } = outgoing;
  const isFramed = body === undefined || outgoing.headers['content-length'] !== undefined;
  const headers = isFramed ? outgoing.headers : { ...outgoing.headers, 'transfer-encoding': 'chunked' };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
