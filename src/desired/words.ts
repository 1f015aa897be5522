/** The kinds of text that a manifest is made of. Messages say what was expected, in the words of the reference. */
import { z } from 'zod';
import { excerpt } from './excerpt.ts';

/** For a zod check's `error`: what was expected, and what stands there instead. */
export function expected(what: string): (issue: { input?: unknown }) => string | undefined {
  return ({ input }) =>
    // An absent value has its own wording: the key is missing, not wrong.
    input === undefined ? undefined : `expected ${what}, got ${describeValue(input)}`;
}

export function describeValue(value: unknown): string {
  if (typeof value === 'string') return excerpt(value);
  if (typeof value === 'number' || typeof value === 'boolean') return `${String(value)} (${typeof value})`;
  return kindOfValue(value);
}

function shaped(pattern: RegExp, what: string): z.ZodString {
  return z.string({ error: expected(what) }).regex(pattern, { error: expected(what) });
}

export const RECIPE_NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

export const recipeName = shaped(
  RECIPE_NAME,
  'a recipe name: at most 40 lower-case letters, digits and inner hyphens',
);

export const dataName = shaped(
  /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  'a name of lower-case letters, digits and inner hyphens',
).max(63, { error: expected('a name of at most 63 characters') });

/** What stands in its place is not shown: a person may have written the secret itself. */
export const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
  error: 'expected the name of an environment variable: letters, digits and _, not beginning with a digit',
});

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
export const HOSTNAME = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`);

export const hostname = shaped(HOSTNAME, 'a domain name in lower case');

export const serviceName = shaped(
  /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  'a name of letters, digits, and inner _ . -',
);

/**
 * Text that reaches a process, as an argument or in its environment: no NUL, which would end it early there.
 * Numbers and booleans mean their text, as in a compose file; the reader refuses those that would not keep it.
 */
export const processText = z
  .union(
    [
      z
        .string()
        .refine((text) => !text.includes('\0'), { error: 'text for a process holds a NUL character' }),
      z.number(),
      z.boolean(),
    ],
    { error: expectedSecretly('text') },
  )
  .transform(String);

export const command = z
  .array(processText, { error: expectedSecretly('a command as a list, such as [node, server.js]') })
  .min(1, { error: 'a command needs at least the program to run' })
  .refine((words) => words[0] !== '', { error: 'the program to run is empty text' });

/** As `expected`, but without the value: arguments and environments may hold secrets. */
function expectedSecretly(what: string): (issue: { input?: unknown }) => string | undefined {
  return ({ input }) => (input === undefined ? undefined : `expected ${what}, got ${kindOfValue(input)}`);
}

export function kindOfValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

export const filePath = z.string().regex(/^[^\0]+$/, { error: expected('the path of a file') });

/** For people to read, wherever it is shown: not empty, and nothing that repaints a terminal. */
export const sentence = z
  .string()
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u0008\u000B-\u001F\u007F-\u009F]*$/, {
    error: 'text for people holds a control character',
  })
  .refine((text) => text.trim() !== '', { error: 'expected some words, got empty text' });

export const plainText = z
  .string()
  .min(1, { error: 'expected some text, got none' })
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001F\u007F]*$/, { error: 'the text holds a control character' });

const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** A date means its first moment, and a time without a zone is in UTC. */
function momentOf(text: string): Date | null {
  if (!MOMENT.test(text)) return null;
  const zoned = text.length === 10 || /(Z|[+-]\d{2}:\d{2})$/.test(text);
  const moment = new Date(zoned ? text : `${text}Z`);
  // `new Date` takes the 30th of February for the 2nd of March.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  return exists && !Number.isNaN(moment.getTime()) ? moment : null;
}

export const moment = z
  .string({ error: expected('a date or a time such as 2026-07-01 or 2026-07-01T09:00:00Z') })
  .refine((text) => momentOf(text) !== null, {
    error: expected('a date or a time such as 2026-07-01 or 2026-07-01T09:00:00Z'),
    abort: true,
  })
  .transform((text) => momentOf(text)?.toISOString() ?? text);
