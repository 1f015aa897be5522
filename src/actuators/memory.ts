/** Writes `status.json`. */
import type { MemoryWriter } from '../reconciler/ports.ts';
import type { Layout } from '../state/layout.ts';
import type { Term } from '../state/term.ts';

export function fileMemory(layout: Layout, term: Term): MemoryWriter {
  return {
    remember: (recipe, memory) => term.write(layout.memory(recipe), `${JSON.stringify(memory, null, 2)}\n`),
  };
}
