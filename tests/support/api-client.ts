export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; undefined when there is no body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies whose shape is what they check
  readonly body: any;
}

/** Speaks to one service with one key, and nothing more clever than fetch. */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly apiKey: string | null = null,
  ) {}

  withKey(apiKey: string | null): ApiClient {
    return new ApiClient(this.url, apiKey);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.send('POST', path, body, headers);
  }

  patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.send('PATCH', path, body, headers);
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.send('DELETE', path, undefined, headers);
  }

  /** A string or bytes go out as they are, anything else as JSON. */
  async send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<ApiResponse> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.apiKey === null ? {} : { 'x-api-key': this.apiKey }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body:
        body === undefined || typeof body === 'string' || body instanceof Uint8Array
          ? body
          : JSON.stringify(body),
      signal: signal ?? null,
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
  }

  /** A new account, as a client that holds its first key. */
  async signUp(email = `owner-${crypto.randomUUID()}@example.com`): Promise<ApiClient> {
    const response = await this.withKey(null).post('/auth/signup', {
      email,
      password: 'correct horse battery',
    });
    if (response.status !== 201) throw new Error(`sign-up answered ${response.status}: ${response.text}`);
    return this.withKey(response.body.apiKey);
  }

  /** @returns the new character's id. */
  async createCharacter(traits: Record<string, unknown> = {}): Promise<string> {
    const response = await this.post('/api/characters', {
      name: 'Ada',
      instructions: 'You sell books.',
      ...traits,
    });
    if (response.status !== 201)
      throw new Error(`the character answered ${response.status}: ${response.text}`);
    return response.body.id;
  }
}
