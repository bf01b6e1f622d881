import type { Socket } from 'node:net';

/**
 * What the other side, or the kernel for it, has taken so far. It stands still while nothing is taken and nothing new is
 * written. Node counts a write as done when all of it is: how much of one is still to go only its handle knows.
 */
export function bytesTaken(socket: Socket): number {
  return socket.bytesWritten - queuedBytes(socket);
}

function queuedBytes(socket: object): number {
  if (!('_handle' in socket)) return 0;
  const { _handle: handle } = socket;
  if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) return 0;
  return typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
}
