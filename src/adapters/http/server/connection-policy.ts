/** What a caller may take of the server with its connections. All times in milliseconds. */
export interface ConnectionPolicy {
  /** For the headers of a request, from its first byte; for those of the first one from the opening of the connection. */
  readonly headersMs: number;
  /** For all of a request, its body included, from its first byte. */
  readonly requestMs: number;
  /** For the rest of a body whose request has been answered. */
  readonly lateBodyMs: number;
  /** Between an answer and the next request. */
  readonly keepAliveMs: number;
  /** A reader that takes nothing of what waits for it for so long is cut, whatever answer it is part of. */
  readonly stallMs: number;
  /** For a refused caller to read the error response and to close. */
  readonly lingerMs: number;
  /** What of a body is read and thrown away behind the last answer, in bytes, so that its sender reads that answer. */
  readonly lingerBytes: number;
  /** Of requests that are refused before they are read: so many have a line in the log in each {@link errorResponseLogMs}. */
  readonly maxErrorResponseLines: number;
  /** After so long the others have one line together. */
  readonly errorResponseLogMs: number;
  /** How often the connections are looked at: everything above may come later by so much. */
  readonly lookMs: number;
  /** Of one connection: those that have no whole answer yet. What it sends beyond them is not read until there is room. */
  readonly maxRequestsUnderWay: number;
  /** Of one address: requests under way besides the first of each connection. */
  readonly maxPipelinedPerAddress: number;
  /** Of one address: answers that wait for their readers. Beyond that those are cut for whom most waits. */
  readonly maxWaitingBytesPerAddress: number;
  /** Open ones of one address; 0: no bound. */
  readonly maxConnectionsPerAddress: number;
  /** Whether an address is a trusted proxy's, which brings everybody's requests: no bound on addresses holds for it. */
  readonly isProxy: (address: string) => boolean;
}

export const DEFAULT_CONNECTION_POLICY: ConnectionPolicy = {
  headersMs: 10_000,
  requestMs: 30_000,
  lateBodyMs: 5000,
  keepAliveMs: 65_000,
  stallMs: 30_000,
  lingerMs: 1000,
  lingerBytes: 16 * 1024 * 1024,
  maxErrorResponseLines: 20,
  errorResponseLogMs: 60_000,
  lookMs: 1000,
  maxRequestsUnderWay: 16,
  maxPipelinedPerAddress: 64,
  maxWaitingBytesPerAddress: 64 * 1024 * 1024,
  maxConnectionsPerAddress: 500,
  isProxy: () => false,
};
