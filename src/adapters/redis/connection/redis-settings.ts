export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** `single`: one server. `sentinel`: the master that the sentinels name. `cluster`: nodes to ask for the others. */
export type RedisTopology =
  | { readonly kind: 'single'; readonly address: RedisAddress; readonly database: number }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      readonly master: string;
      readonly database: number;
      readonly sentinelCredentials: RedisCredentials;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] };

export interface RedisCredentials {
  /** Null: the default user. */
  readonly username: string | null;
  /** Null: none is asked for. */
  readonly password: string | null;
}

export interface RedisSettings {
  readonly topology: RedisTopology;
  readonly credentials: RedisCredentials;
  readonly tls: boolean;
}
