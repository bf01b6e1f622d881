import { writeSync } from 'node:fs';
import { LangChainLlmGateway } from '#src/adapters/langchain/langchain-llm-gateway.js';
import { PROVIDERS } from '#src/domain/model-provider.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';

/** One turn in a process of its own, because libraries read the environment once. Prints the completion as JSON. */
const [name, model = '', baseUrl = ''] = process.argv.slice(2);
const provider = PROVIDERS.find((known) => known === name);
if (provider === undefined) throw new Error('no such provider');
const gateway = new LangChainLlmGateway({ provider, apiKey: 'the-key', baseUrl });
const completion = await gateway.generate(prompt(model), new AbortController().signal);
writeSync(1, JSON.stringify(completion));
