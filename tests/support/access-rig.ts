import { expect } from 'chai';
import { ApiClient, type ApiResponse } from '#tests/support/api-client.js';
import { PacedUpstream } from '#tests/support/paced-upstream.js';
import { ServerProcess } from '#tests/support/server-process.js';
import { SseReader } from '#tests/support/sse-reader.js';
import { makeTestFolder, type TestFolder } from '#tests/support/test-app.js';

const SERVICE_KEY = 'operator-key-0123456789';
const AS_OPERATOR = { 'x-fastwrap-api-key': SERVICE_KEY };

/** Whose access ends. */
export interface Victim {
  readonly api: ApiClient;
  readonly clientId: string;
  readonly keyId: string;
  /** Another one of the same client. */
  readonly otherKey: ApiClient;
}

export interface EndOfAccess {
  /** What the victim hears then. */
  readonly code: 'unauthenticated' | 'forbidden';
  readonly given: { readonly detail?: string };
  end(victim: Victim): Promise<ApiResponse>;
}

export const ENDS_OF_ACCESS = {
  'a revoked key': {
    code: 'unauthenticated',
    given: {},
    end: ({ otherKey, keyId }) => otherKey.delete(`/api/clients/me/keys/${keyId}`),
  },
  'a suspended client': {
    code: 'forbidden',
    given: { detail: 'This account is suspended. Ask whoever operates the service.' },
    end: ({ api, clientId }) =>
      api.withKey(null).patch(`/admin/clients/${clientId}`, { suspended: true }, AS_OPERATOR),
  },
  'a client that deleted itself': {
    code: 'unauthenticated',
    given: {},
    end: ({ api }) => api.delete('/api/clients/me'),
  },
  'a client that the operator deleted': {
    code: 'unauthenticated',
    given: {},
    end: ({ api, clientId }) => api.withKey(null).delete(`/admin/clients/${clientId}`, AS_OPERATOR),
  },
} satisfies Record<string, EndOfAccess>;

/** Three processes on one database, whose model goes on until it is called off. */
export class AccessRig {
  private constructor(
    private readonly folder: TestFolder,
    private readonly upstream: PacedUpstream,
    private readonly servers: readonly ServerProcess[],
    readonly urls: readonly string[],
    /** Whom all of it does not concern. */
    readonly bystander: ApiClient,
  ) {}

  static async start(env: Readonly<Record<string, string>> = {}): Promise<AccessRig> {
    const [folder, upstream] = await Promise.all([makeTestFolder(), PacedUpstream.start()]);
    const startOne = () =>
      ServerProcess.start({
        cwd: folder.path,
        env: {
          FASTWRAP_API_KEY: SERVICE_KEY,
          MODEL: 'paced',
          MODEL_PROVIDER: 'openai-compatible',
          MODEL_BASE_URL: upstream.baseUrl,
          LOG_LEVEL: 'warn',
          ...env,
        },
      });
    const servers = [await startOne(), ...(await Promise.all([startOne(), startOne()]))];
    const urls = await Promise.all(servers.map((server) => server.url()));
    return new AccessRig(folder, upstream, servers, urls, await new ApiClient(urls[0] ?? '').signUp());
  }

  /** The same client, one for each process. */
  onAll({ apiKey }: ApiClient): ApiClient[] {
    return this.urls.map((url) => new ApiClient(url, apiKey));
  }

  async makeVictim(): Promise<Victim> {
    const api = await new ApiClient(this.urls[0] ?? '').signUp();
    const clientId = (await api.get('/api/clients/me')).body.id;
    const keyId = (await api.get('/api/clients/me/keys')).body.data[0].id;
    const { apiKey } = (await api.post('/api/clients/me/keys', {})).body;
    return { api, clientId, keyId, otherKey: api.withKey(apiKey) };
  }

  /** On the client's process, up to its first piece. */
  async openStream({ url, apiKey }: ApiClient, body: object): Promise<SseReader> {
    const reader = await SseReader.open(`${url}/api/chat`, {
      headers: { 'x-api-key': apiKey ?? '' },
      body: { message: 'Hello.', stream: true, ...body },
    });
    expect((await reader.next())?.event).to.equal('turn');
    expect((await reader.next())?.event).to.equal('delta');
    return reader;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    await this.upstream.stop();
    await this.folder.remove();
  }
}
