import type { Socket } from 'node:net';

/**
 * What the other side, or the kernel for it, has taken so far. It stands still while nothing is taken, whatever is
 * written meanwhile. Node counts a write as done when all of it is: how much of one is still to go, and how much waits
 * behind it, only its handle knows.
 */
export function socketProgress(socket: Socket): number {
  if (!('_handle' in socket)) return socket.bytesWritten;
  const { _handle: handle } = socket;
  if (typeof handle !== 'object' || handle === null) return socket.bytesWritten;
  if (!('bytesWritten' in handle && 'writeQueueSize' in handle)) return socket.bytesWritten;
  const { bytesWritten, writeQueueSize } = handle;
  if (typeof bytesWritten !== 'number' || typeof writeQueueSize !== 'number') return socket.bytesWritten;
  return bytesWritten - writeQueueSize;
}
