/** A persona: what the model is told to be, and how it is asked. */
export interface Character {
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly greeting: string | null;
  /** Null: the operator's model. */
  readonly model: string | null;
  /** 0 to 2; null: the provider's own default. */
  readonly temperature: number | null;
  /** In tokens; null: the operator's cap. */
  readonly maxOutputTokens: number | null;
  /** 10 to 86,400: how long a conversation lives after its last completed turn. */
  readonly ttlSeconds: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The part that its owner writes. */
export type CharacterTraits = Omit<Character, 'id' | 'createdAt' | 'updatedAt'>;

export const DEFAULT_TTL_SECONDS = 300;

/** Of one client. */
export const MAX_CHARACTERS = 10_000;
