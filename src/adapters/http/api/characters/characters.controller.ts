import {
  Body,
  Controller,
  Delete,
  Get,
  Middlewares,
  Patch,
  Path,
  Post,
  Query,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import type { PageLimit, Uuid } from '#src/adapters/http/openapi/scalars.js';
import { jsonBody } from '#src/adapters/http/pipeline/body/json-body.js';
import { callingClientId } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { CreateCharacter } from '#src/application/characters/create-character.js';
import { DeleteCharacter } from '#src/application/characters/delete-character.js';
import { GetCharacter } from '#src/application/characters/get-character.js';
import { ListCharacters } from '#src/application/characters/list-characters.js';
import { UpdateCharacter } from '#src/application/characters/update-character.js';
import { DEFAULT_TTL_SECONDS } from '#src/domain/characters/character.js';
import type { Character, CharacterInput, CharacterList, CharacterPatch } from './character-dto.js';

@Route('api/characters')
@Policy({ cost: 'request', whileDraining: false })
@Tags('characters')
@Security('apiKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(403, 'forbidden: the account is suspended')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'database_unavailable, overloaded, shutting_down')
@injectable()
export class CharactersController extends Controller {
  readonly #createCharacter: CreateCharacter;
  readonly #listCharacters: ListCharacters;
  readonly #getCharacter: GetCharacter;
  readonly #updateCharacter: UpdateCharacter;
  readonly #deleteCharacter: DeleteCharacter;

  constructor(
    @inject(CreateCharacter) createCharacter: CreateCharacter,
    @inject(ListCharacters) listCharacters: ListCharacters,
    @inject(GetCharacter) getCharacter: GetCharacter,
    @inject(UpdateCharacter) updateCharacter: UpdateCharacter,
    @inject(DeleteCharacter) deleteCharacter: DeleteCharacter,
  ) {
    super();
    this.#createCharacter = createCharacter;
    this.#listCharacters = listCharacters;
    this.#getCharacter = getCharacter;
    this.#updateCharacter = updateCharacter;
    this.#deleteCharacter = deleteCharacter;
  }

  /**
   * A persona that the model is told to be. Chat names it by its id.
   * @summary Make a character
   */
  @Post()
  @Middlewares(jsonBody)
  @SuccessResponse<{
    /** The character's address. */
    Location: string;
  }>(201, 'Created')
  @Response<Problem>(409, 'too_many_characters')
  @Response<Problem>(413, 'payload_too_large')
  @Response<Problem>(415, 'unsupported_media_type')
  async postCharacter(@Request() request: ExpressRequest, @Body() input: CharacterInput): Promise<Character> {
    const character = await this.#createCharacter.execute({
      clientId: callingClientId(request),
      traits: input,
    });
    this.setHeader('Location', `/api/characters/${character.id}`);
    return character;
  }

  /**
   * Newest first.
   * @summary List your characters
   * @param limit at most so many
   * @param cursor the `nextCursor` of the page before
   */
  @Get()
  async getCharacters(
    @Request() request: ExpressRequest,
    @Query() limit: PageLimit = 20,
    @Query() cursor?: Uuid,
  ): Promise<CharacterList> {
    const page = await this.#listCharacters.execute({
      clientId: callingClientId(request),
      limit,
      before: cursor ?? null,
    });
    return { data: [...page.characters], nextCursor: page.nextBefore };
  }

  /**
   * With its instructions.
   * @summary Show a character
   */
  @Get('{uuid}')
  @Response<Problem>(404, 'character_not_found')
  async getOne(@Request() request: ExpressRequest, @Path() uuid: Uuid): Promise<Character> {
    return this.#getCharacter.execute({ clientId: callingClientId(request), characterId: uuid });
  }

  /**
   * What is not named stays as it is. The next turn is asked with what it says then.
   * @summary Change a character
   */
  @Patch('{uuid}')
  @Middlewares(jsonBody)
  @Response<Problem>(404, 'character_not_found')
  @Response<Problem>(413, 'payload_too_large')
  @Response<Problem>(415, 'unsupported_media_type')
  async patchCharacter(
    @Request() request: ExpressRequest,
    @Path() uuid: Uuid,
    @Body() patch: CharacterPatch,
  ): Promise<Character> {
    const { ttlSeconds, ...others } = patch;
    return this.#updateCharacter.execute({
      clientId: callingClientId(request),
      characterId: uuid,
      changes:
        ttlSeconds === undefined ? others : { ...others, ttlSeconds: ttlSeconds ?? DEFAULT_TTL_SECONDS },
    });
  }

  /**
   * Its conversations go too.
   * @summary Delete a character
   */
  @Delete('{uuid}')
  @SuccessResponse(204, 'Gone')
  @Response<Problem>(404, 'character_not_found')
  @Response<Problem>(503, 'cache_unavailable, database_unavailable, overloaded, shutting_down')
  async deleteOne(@Request() request: ExpressRequest, @Path() uuid: Uuid): Promise<void> {
    await this.#deleteCharacter.execute({ clientId: callingClientId(request), characterId: uuid });
  }
}
