import type { Character } from '../characters/character.js';
import { AppError, type FieldError } from '../errors.js';

/** What the operator lets characters ask of models. */
export interface ModelPolicy {
  readonly defaultModel: string;
  /** Includes the default model. */
  readonly allowedModels: readonly string[];
  /** The most that one reply may cost, in tokens; also the bound of a reply whose character names none. */
  readonly maxOutputTokens: number;
}

type RequestedModel = Partial<Pick<Character, 'model' | 'maxOutputTokens'>>;

/** @throws AppError `invalid_request` when a character asks for more than the operator allows. */
export function assertModelAllowed(policy: ModelPolicy, requested: RequestedModel): void {
  const fields: FieldError[] = [];
  if (requested.model != null && !policy.allowedModels.includes(requested.model)) {
    fields.push({ field: 'model', message: 'must be one of the models that the operator allows' });
  }
  if (requested.maxOutputTokens != null && requested.maxOutputTokens > policy.maxOutputTokens) {
    fields.push({ field: 'maxOutputTokens', message: `must be at most ${policy.maxOutputTokens}` });
  }
  if (fields.length > 0) throw new AppError('invalid_request', { fields });
}

/** The operator may have narrowed the policy since the character was written: then the policy wins. */
export function effectiveModel(
  policy: ModelPolicy,
  character: Character,
): { model: string; maxOutputTokens: number } {
  const wished = character.model;
  return {
    model: wished !== null && policy.allowedModels.includes(wished) ? wished : policy.defaultModel,
    maxOutputTokens: Math.min(character.maxOutputTokens ?? policy.maxOutputTokens, policy.maxOutputTokens),
  };
}
