/** Leftovers as a kill at the worst moment leaves them. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet } from '../fixtures/fleet.ts';

/** A generation that no record names, as a promotion that was cut short leaves it: a copy of the first. */
export async function leaveGeneration(fleet: Fleet, recipe: string, number: number): Promise<void> {
  const generations = join(fleet.state, recipe, 'generations');
  await cp(join(generations, '1'), join(generations, `${number}`), { recursive: true });
  const file = join(generations, `${number}`, 'generation.json');
  const document: object = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...document, generation: number }));
}
