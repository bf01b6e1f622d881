import type { ApiClient, ApiResponse } from '#tests/support/fixtures/api-client.js';

/** An account with one character, to chat with. */
export class ChatTenant {
  private constructor(
    readonly api: ApiClient,
    readonly characterId: string,
  ) {}

  /** A new account. @param traits of the character, as the API takes them. */
  static async arrive(anonymous: ApiClient, traits?: Record<string, unknown>): Promise<ChatTenant> {
    return ChatTenant.settle(await anonymous.signUp(), traits);
  }

  /** @param api with the account's key. */
  static async settle(api: ApiClient, traits?: Record<string, unknown>): Promise<ChatTenant> {
    return new ChatTenant(api, await api.createCharacter(traits));
  }

  get apiKey(): string {
    return this.api.apiKey ?? '';
  }

  /** @param more fields of the request, over a short message. */
  chat(more: Record<string, unknown> = {}, headers?: Record<string, string>): Promise<ApiResponse> {
    return this.api.post('/api/chat', { characterId: this.characterId, message: 'Hello', ...more }, headers);
  }

  /** Turns of a conversation that are kept; null: it is not there. */
  async turnsKept(conversationId: string): Promise<number | null> {
    const { status, body } = await this.api.get(`/api/conversations/${conversationId}`);
    return status === 200 ? body.conversation.turns : null;
  }
}
