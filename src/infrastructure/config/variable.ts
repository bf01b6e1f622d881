import { z } from 'zod';

/** What documents say of a variable, beside its form. Code spans in backticks are for Markdown alone. */
export interface VariableText {
  readonly description: string;
  /** The default in words, where the form has none or it says too little. */
  readonly byDefault?: string;
  /** What `.env.example` shows where there is no default. */
  readonly example?: string;
  /** The document that says more, from the root of the repository. */
  readonly see?: string;
}

/** Variables that stand together in documents. */
export interface Section {
  readonly title: string;
  readonly about?: string;
  readonly variables: Readonly<Record<string, z.ZodType>>;
}

const texts = z.registry<VariableText>();
/** Of forms, which a default or `optional` may wrap. */
const rules = z.registry<{ readonly rule: string }>();

/** The form of one variable and what it is for. To be the outermost call: whatever wraps it is another schema. */
export function variable<T extends z.ZodType>(form: T, text: VariableText): T {
  texts.add(form, text);
  return form;
}

/** A form that says in documents what it takes. */
export function ruled<T extends z.ZodType>(form: T, rule: string): T {
  rules.add(form, { rule });
  return form;
}

/** @throws Error when nothing was said of it. */
export function textOf(form: z.ZodType): VariableText & { readonly rule: string | null } {
  const text = texts.get(form);
  if (text === undefined) throw new Error('a variable without a description');
  return { ...text, rule: ruleOf(form) };
}

function ruleOf(form: z.ZodType): string | null {
  const found = rules.get(form);
  if (found !== undefined) return found.rule;
  if (!(form instanceof z.ZodDefault || form instanceof z.ZodOptional)) return null;
  const inner = form.unwrap();
  return inner instanceof z.ZodType ? ruleOf(inner) : null;
}

export const MAX_TIMER_MS = 2_147_483_647;

export function wholeNumber(least: number, max: number, preset: number) {
  const rule = `must be a whole number from ${least} to ${max}`;
  const form = z
    .string()
    .regex(/^\d{1,16}$/, rule)
    .transform(Number)
    .refine((value) => value >= least && value <= max, rule);
  const upTo = max === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${max}`;
  return ruled(form, upTo).default(preset);
}

export const oneOf = <const T extends readonly [string, ...string[]]>(...names: T) => {
  const quoted = names.map((name) => `\`${name}\``);
  return ruled(
    z.enum(names, { error: `must be one of ${names.join(', ')}` }),
    `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
  );
};

export const atMost = (length: number) =>
  ruled(z.string().max(length, `must have at most ${length} characters`), `at most ${length} characters`);

/** What an HTTP header carries without a change. */
export const visibleAscii = z.string().regex(/^[!-~]+$/, 'must be visible ASCII characters');

export const httpUrl = ruled(
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
      'must be an http(s) address',
    )
    .refine(
      (text) => !URL.canParse(text) || new URL(text).username === '',
      'must not hold a user or password',
    ),
  'an http(s) address',
);

export const nameList = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);
