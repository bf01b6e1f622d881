/**
 * @pattern ^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$ must be a lower-case UUID
 * @format uuid
 * @example "01a205ee-5506-7523-b71b-9e23b73a1a68"
 */
export type Uuid = string;

/**
 * The caller's own (a session's, visitor's or customer's id), or one that an earlier turn returned. Visible ASCII; in an
 * address it is percent-encoded. Not `.` or `..`, which no address can hold.
 * @pattern ^(?!\.{1,2}$)[!-~]{1,200}$ must be 1 to 200 visible ASCII characters without spaces, and not . or .. alone
 * @format conversation-id
 * @minLength 1 must not be empty
 * @maxLength 200 must have at most 200 characters
 * @example "visitor-7"
 */
export type ConversationId = string;

/**
 * @pattern ^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$ must be an email address
 * @format email
 * @maxLength 254
 * @example "owner@example.com"
 */
export type Email = string;

/**
 * 8 to 128 characters after NFKC, none of the most common passwords, not the email.
 * @minLength 1
 * @maxLength 1024
 * @example "a long and quiet river"
 */
export type Password = string;

/**
 * @minLength 1
 * @maxLength 120
 * @example "Paint & Sons"
 */
export type Label = string;

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

/**
 * @isInt must be a whole number
 * @minimum 1 must be at least 1
 * @maximum 100 must be at most 100
 * @example 20
 */
export type PageLimit = number;

/**
 * @minLength 1
 * @maxLength 8000
 * @example "My favourite colour is ultramarine."
 */
export type MessageText = string;

/**
 * ISO 8601, UTC.
 * @format date-time
 * @example "2026-11-23T01:03:55.040Z"
 */
export type Timestamp = string;

/** A store, an agency or a product team. */
export interface Client {
  id: Uuid;
  email: Email;
  /** @example "Paint & Sons" */
  storeName: string | null;
  createdAt: Timestamp;
}

/** A key without its secret. */
export interface ApiKey {
  id: Uuid;
  /** @example "till in Porto" */
  name: string | null;
  /**
   * The last four characters of the secret part, to tell keys apart.
   * @example "bxYX"
   */
  lastFour: string;
  createdAt: Timestamp;
  /** Accurate to a minute or so; null until the first use. */
  lastUsedAt: Timestamp | null;
  revokedAt: Timestamp | null;
}

export interface ApiKeyList {
  /** Oldest first, revoked ones too. */
  data: ApiKey[];
}

/** A key at the one moment that it is shown. */
export interface IssuedApiKey {
  id: Uuid;
  /** @example "till in Porto" */
  name: string | null;
  /** @example "fw_01a205ee554f74ffaa7066f1342ce4ed_only-shown-this-once" */
  apiKey: string;
  createdAt: Timestamp;
}

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

export interface SignUpInput {
  email: Email;
  password: Password;
  storeName?: Label;
}

export interface SignUpResult {
  client: Client;
  /**
   * Shown this once.
   * @example "fw_01a205ee554f74ffaa7066f1342ce4ed_only-shown-this-once"
   */
  apiKey: string;
}

export interface KeyRecoveryInput {
  email: Email;
  password: Password;
  name?: Label;
}

export interface ApiKeyInput {
  name?: Label;
}

/**
 * Any of these, at least one. Changing the email or the password needs `currentPassword`.
 * @example { "storeName": "Paint & Daughters" }
 */
export interface ClientPatch {
  /** Null clears it. */
  storeName?: Label | null;
  email?: Email;
  newPassword?: Password;
  currentPassword?: Password;
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

/**
 * Any text of the caller's choice that names this one request. Sent again within 24 hours with the same body, the request
 * is given the first turn's answer again, and no model is called.
 * @pattern ^[!-~]{1,255}$ must be 1 to 255 visible ASCII characters
 * @minLength 1 must be 1 to 255 visible ASCII characters
 * @maxLength 255 must be 1 to 255 visible ASCII characters
 * @example "order-4711-question-1"
 */
export type IdempotencyKey = string;

export interface ChatInput {
  characterId: Uuid;
  message: MessageText;
  /** Absent: a new conversation. One that is unknown or has expired starts afresh. */
  conversationId?: ConversationId;
  stream?: boolean;
  /** When another turn of the conversation is running: wait (at most 8 do, at most 30 s), or be refused at once. */
  onBusy?: 'queue' | 'reject';
}
