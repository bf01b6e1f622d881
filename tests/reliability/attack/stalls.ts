/** A time in which an event loop stood still, on the clock that all processes of a machine share. */
export interface Stall {
  readonly fromMs: number;
  readonly toMs: number;
  /** Processor time of the whole process in it. */
  readonly cpuMs: number;
}

/** Shorter ones are not kept. */
export const KEPT_FROM_MS = 40;

export const lengthMs = ({ fromMs, toMs }: Stall): number => toMs - fromMs;

/**
 * The stalls that no idle process of the same priority shared: one that stood still for half of the same time shows that
 * the machine gave neither of them a processor.
 */
export function ownStalls(stalls: readonly Stall[], control: readonly Stall[]): Stall[] {
  return stalls.filter((stall) => sharedMs(stall, control) < lengthMs(stall) / 2);
}

export function worstMs(stalls: readonly Stall[]): number {
  return Math.max(0, ...stalls.map(lengthMs));
}

/** With the one of the control that it shares most with. */
function sharedMs(stall: Stall, control: readonly Stall[]): number {
  return Math.max(
    0,
    ...control.map(({ fromMs, toMs }) => Math.min(toMs, stall.toMs) - Math.max(fromMs, stall.fromMs)),
  );
}
