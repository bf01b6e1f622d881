export interface IdGenerator {
  /** A lower-case UUID; of two made by one process the later one sorts after the earlier (UUIDv7, RFC 9562). */
  next(): string;
}
