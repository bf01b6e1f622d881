/**
 * @pattern ^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$ must be a lower-case UUID
 * @format uuid
 * @example "01a205ee-5506-7523-b71b-9e23b73a1a68"
 */
export type Uuid = string;

/**
 * ISO 8601, UTC.
 * @format date-time
 * @example "2026-11-23T01:03:55.040Z"
 */
export type Timestamp = string;

/**
 * @isLong
 * @minimum 0
 * @example 3
 */
export type Count = number;

/**
 * @isInt must be a whole number
 * @minimum 1 must be at least 1
 * @maximum 100 must be at most 100
 * @example 20
 */
export type PageLimit = number;
