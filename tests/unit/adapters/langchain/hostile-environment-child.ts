import { writeSync } from 'node:fs';
import { PROVIDERS } from '#src/domain/models/model-provider.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';
import { connect } from './connection.js';

/** A plain and a streamed turn in a process of its own, because libraries read the environment once. Prints the completions as JSON. */
const [name, model = '', baseUrl = ''] = process.argv.slice(2);
const provider = PROVIDERS.find((known) => known === name);
if (provider === undefined) throw new Error('no such provider');
const { gateway, close } = connect(provider, baseUrl);
const { signal } = new AbortController();
const whole = await gateway.generate(prompt(model), signal);
const streamed = await gateway.stream(prompt(model), signal, async () => {});
writeSync(1, JSON.stringify([whole, streamed]));
await close();
