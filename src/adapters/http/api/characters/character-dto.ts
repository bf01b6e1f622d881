import type { Timestamp, Uuid } from '#src/adapters/http/openapi/scalars.js';

/**
 * @minLength 1
 * @maxLength 80
 * @example "Ada"
 */
export type CharacterName = string;

/**
 * What the model is told to be: its one system message, byte for byte.
 * @minLength 1
 * @maxLength 16000
 * @example "You are Ada, who sells paint. Answer in one sentence."
 */
export type Instructions = string;

/**
 * What the visitor reads before the first message. A conversation that begins keeps it: shown to the model as the assistant's
 * first words, first among the conversation's messages, and no turn. A change concerns later conversations alone; empty is none.
 * @maxLength 2000
 * @example "Good day! What are you painting?"
 */
export type Greeting = string;

/**
 * One of the models that the operator allows.
 * @minLength 1
 * @maxLength 200
 * @example "gpt-4o-mini"
 */
export type ModelName = string;

/**
 * @isDouble
 * @minimum 0
 * @maximum 2
 * @example 0.7
 */
export type Temperature = number;

/**
 * In tokens; the operator's cap may be lower.
 * @isInt
 * @minimum 1
 * @maximum 1000000
 * @example 500
 */
export type MaxOutputTokens = number;

/**
 * How long a conversation lives after its last completed turn.
 * @isInt
 * @minimum 10
 * @maximum 86400
 * @example 300
 */
export type TtlSeconds = number;

/** A persona: what the model is told to be, and how it is asked. */
export interface Character {
  id: Uuid;
  name: CharacterName;
  instructions: Instructions;
  greeting: Greeting | null;
  /** Null: the operator's model. */
  model: ModelName | null;
  /** Null: the provider's own default. */
  temperature: Temperature | null;
  /** Null: the operator's cap. */
  maxOutputTokens: MaxOutputTokens | null;
  ttlSeconds: TtlSeconds;
  createdAt: Timestamp;
  updatedAt: Timestamp;
}

/**
 * @example {
 *   "name": "Ada",
 *   "instructions": "You are Ada, who sells paint. Answer in one sentence.",
 *   "greeting": "Good day! What are you painting?",
 *   "ttlSeconds": 300
 * }
 */
export interface CharacterInput {
  name: CharacterName;
  instructions: Instructions;
  greeting?: Greeting;
  model?: ModelName;
  temperature?: Temperature;
  maxOutputTokens?: MaxOutputTokens;
  /** 300 when absent. */
  ttlSeconds?: TtlSeconds;
}

/**
 * Any of these, at least one; null clears an optional field.
 * @example { "instructions": "You are Ada, who sells paint and brushes. Answer in two sentences.", "greeting": null }
 */
export interface CharacterPatch {
  name?: CharacterName;
  instructions?: Instructions;
  greeting?: Greeting | null;
  model?: ModelName | null;
  temperature?: Temperature | null;
  maxOutputTokens?: MaxOutputTokens | null;
  /** Null: the default of 300. */
  ttlSeconds?: TtlSeconds | null;
}

export interface CharacterList {
  /** Newest first. */
  data: Character[];
  /**
   * For the query parameter `cursor`; null at the end.
   * @example "01a205ee-5506-7523-b71b-9e23b73a1a68"
   */
  nextCursor: string | null;
}
