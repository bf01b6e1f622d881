import { v7 } from 'uuid';
import type { IdGenerator } from '#src/application/ports/system/id-generator.js';

/** Ascends within the process, through any number of generators and when the wall clock is set back. */
export class UuidV7Generator implements IdGenerator {
  next(): string {
    return v7();
  }
}
