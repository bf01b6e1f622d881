/**
 * Runs in the browser, on /docs: shows the document, and takes a newcomer from one request to the next. The key of a
 * sign-up is used from then on, and the id of a new character is offered for chat.
 */
interface SwaggerUi {
  preauthorizeApiKey(scheme: string, key: string): void;
  readonly specActions: { updateSpec(text: string): void };
}

interface Answer {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** Of the package's own script, which the page loads before this one. */
declare const SwaggerUIBundle: (options: object) => SwaggerUi;

let documentText = '';

const ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  validatorUrl: null,
  responseInterceptor(answer: Answer): Answer {
    if (answer.url.endsWith('/openapi.json')) documentText = answer.text;
    if (answer.status === 201) continueWith(answer);
    return answer;
  },
});

function continueWith({ url, text }: Answer): void {
  const made = JSON.parse(text);
  if (url.endsWith('/auth/signup')) ui.preauthorizeApiKey('apiKey', made.apiKey);
  if (!url.endsWith('/api/characters')) return;
  const document = JSON.parse(documentText);
  document.components.schemas.ChatInput.example.characterId = made.id;
  ui.specActions.updateSpec(JSON.stringify(document));
}
