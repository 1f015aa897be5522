/** A freeze of the fleet and the suspension of a recipe, as those are told who look at either. */
import type { Pause } from '../../reconciler/model.ts';
import { freezeText, suspensionText } from '../../reconciler/pause.ts';
import { glyph } from './glyphs.ts';
import { html, type Html } from './html.ts';

export function freezeNotice(freeze: Pause | null, now: Date): string[] {
  return sentences([freezeText(freeze, now)]);
}

/** On the page of one recipe, also where nothing waits for the end of either. */
export function pauses(
  { recipe, suspension, freeze }: { recipe: string; suspension: Pause | null; freeze: Pause | null },
  now: Date,
): Html[] {
  const said = sentences([suspensionText(recipe, suspension, now), freezeText(freeze, now)]);
  return said.map((each) => html`<p class="notice">${glyph('pause')}<span>${each}</span></p>`);
}

/** A recipe's name stays as it is. */
function sentences(texts: readonly (string | null)[]): string[] {
  return texts.flatMap((text) => text?.replace(/^the /, 'The ') ?? []);
}
