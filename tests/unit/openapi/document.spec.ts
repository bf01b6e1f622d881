import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { toProblem } from '#src/adapters/http/pipeline/errors/problem.js';
import { PROBLEM_STATUS } from '#src/adapters/http/pipeline/errors/problem-status.js';
import { AppError, ERROR_CODES, type ErrorCode } from '#src/domain/errors.js';

interface Media {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, object>>;
}

interface Answer {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, Media>>;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Document {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly example?: unknown; readonly enum?: unknown }>>;
    readonly examples: Readonly<Record<string, { readonly value: { readonly status: number } }>>;
  };
}

const url = new URL('../../../../openapi.json', import.meta.url);
const document: Document = JSON.parse(readFileSync(url, 'utf8'));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);
const answers = operations.flatMap(({ name, operation }) =>
  Object.entries(operation.responses).map(([status, answer]) => ({ name, status, answer })),
);

const isCode = (word: string): word is ErrorCode => ERROR_CODES.some((code) => code === word);
const codesIn = (text: string): ErrorCode[] => [...(text.match(/[a-z_]+/g) ?? [])].filter(isCode);

describe('openapi.json', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'openapi.json' });

  for (const [name, schema] of Object.entries(document.components.schemas)) {
    it(`gives ${name} an example, which its schema accepts`, () => {
      expect(schema).to.have.property('example');
      const validate = ajv.compile({ $ref: `openapi.json#/components/schemas/${name}` });
      expect(validate(schema.example), JSON.stringify(validate.errors)).to.equal(true);
    });
  }

  it('shows each error as the service answers it', () => {
    for (const [code, { value }] of Object.entries(document.components.examples)) {
      if (!isCode(code)) throw new Error(`there is no code ${code}`);
      const fields =
        code === 'invalid_request' ? [{ field: 'message', message: 'must not be empty' }] : undefined;
      const requestId = 'e9ea807d-93b5-4531-9fb4-c60794a59495';
      expect(value).to.deep.equal(toProblem(new AppError(code, { fields }), requestId));
    }
  });

  it('names the codes of each error response, and each under its own status', () => {
    for (const { name, status, answer } of answers) {
      const problem = answer.content?.['application/problem+json'];
      if (problem === undefined) continue;
      const codes = codesIn(answer.description);
      expect(codes, `${name} ${status}`).not.to.deep.equal([]);
      expect(Object.keys(problem.examples ?? {}), `${name} ${status}`).to.deep.equal(codes);
      for (const code of codes)
        expect(String(PROBLEM_STATUS[new AppError(code).kind].status), `${name} ${code}`).to.equal(status);
    }
  });

  it('declares that a request with a body can be too late, and that it can be too long', () => {
    for (const { name, operation } of operations) {
      const hasBody = operation.requestBody !== undefined;
      for (const status of ['408', '413', '415'])
        expect(status in operation.responses, `${name} ${status}`).to.equal(hasBody);
    }
  });

  it('has all error codes as one enumeration', () => {
    expect(document.components.schemas['ErrorCode']?.enum).to.have.members([...ERROR_CODES]);
  });

  it('begins with an introduction, and orders and describes its tags as they are used', () => {
    expect(document.info.description).to.include('POST /auth/signup');
    expect(document.tags.map(({ name }) => name)).to.deep.equal([
      'sign-up',
      'characters',
      'chat',
      'account',
      'operator',
      'service',
    ]);
    for (const { name, description } of document.tags) expect(description, name).not.to.equal('');
    const first = operations.slice(0, 2).map(({ name }) => name);
    expect(first).to.deep.equal(['POST /auth/signup', 'POST /api/characters']);
  });

  it('summarises and describes every operation, under one of its tags', () => {
    const tags = document.tags.map(({ name }) => name);
    for (const { name, operation } of operations) {
      expect(operation.summary, name).to.be.a('string').that.matches(/\w/);
      expect(operation.description, name).to.be.a('string').that.matches(/\w/);
      expect(operation.tags, name).to.have.length(1);
      expect(tags, name).to.include.members([...operation.tags]);
    }
  });

  it('asks for the service key at sign-up only where it is closed', () => {
    expect(document.paths['/auth/signup']?.['post']?.security).to.deep.equal([{}, { serviceKey: [] }]);
  });

  it('keeps counts of tokens in 64 bits', () => {
    expect(document.components.schemas['Count']).to.include({ type: 'integer', format: 'int64' });
  });
});
