/** The state folder's schema version: a newer one than this program knows is refused, not guessed at. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { CannotRun, describe } from '../reconciler/errors.ts';
import type { Layout } from './layout.ts';
import { wordsOf } from './stored.ts';
import { readRegularFile } from './stored.ts';
import { isMissing, type Term } from './term.ts';

const SCHEMA_VERSION = 1;
const Schema = z.object({
  version: z.number().int(),
  /** Which state folder this is, wherever it is moved: what its data elsewhere is labelled with. */
  instance: z
    .string()
    .regex(/^[0-9a-f]{16,64}$/)
    .optional(),
});

/** Throws `CannotRun` for what this program must not touch. */
export async function checkSchema(layout: Layout): Promise<void> {
  await readSchema(layout);
}

/** Null where nothing was stored yet. */
export async function instanceOf(layout: Layout): Promise<string | null> {
  return (await readSchema(layout))?.instance ?? null;
}

async function readSchema(layout: Layout): Promise<z.infer<typeof Schema> | null> {
  let text: string;
  try {
    text = await readRegularFile(layout.schema);
  } catch (error) {
    if (isMissing(error)) return null;
    throw new CannotRun(
      `could not read the state folder's version from ${layout.schema}: ${describe(error)}`,
    );
  }
  const schema = parse(text, layout.schema);
  const { version } = schema;
  if (version > SCHEMA_VERSION) {
    const message = `the state folder ${layout.root} has schema version ${version}; this program knows up to ${SCHEMA_VERSION}`;
    throw new CannotRun(message, { hint: 'run the newer program that wrote it, or name another --state' });
  }
  return schema;
}

export async function storeSchema(layout: Layout, term: Term): Promise<void> {
  const { version, instance } = (await readSchema(layout)) ?? {};
  if (version === SCHEMA_VERSION && instance !== undefined) return;
  const schema = { version: SCHEMA_VERSION, instance: instance ?? randomBytes(8).toString('hex') };
  await term.write(layout.schema, `${JSON.stringify(schema)}\n`);
}

function parse(text: string, path: string): z.infer<typeof Schema> {
  const refuse = (why: string): CannotRun =>
    new CannotRun(`${path} does not hold a schema version: ${why}`, {
      hint: `write {"version": ${SCHEMA_VERSION}} into it if this program made the state folder`,
    });
  try {
    const parsed = Schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw refuse(wordsOf(parsed.error));
  } catch (error) {
    throw error instanceof CannotRun ? error : refuse(describe(error));
  }
}
