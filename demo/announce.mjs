// What the demonstration announces, and whether it turns out so.
import { bold, green, paragraph, red } from './print.mjs';

let steps = 0;
let differences = 0;

export const differencesSoFar = () => differences;

export function step(title, text) {
  steps += 1;
  console.log(`\n${bold(`== ${steps}. ${title}`)}\n\n${paragraph(text)}\n`);
}

/** Says whether something is as announced. */
export function expect(what, actual, wanted) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (is === should) {
    console.log(`${green('  as announced')}  ${what}`);
  } else {
    differences += 1;
    console.log(`${red('  DIFFERENT')}     ${what}: expected ${should}, got ${is}`);
  }
}

/** `wanted`: by recipe, what its entry of a report says, and the same in words. A verdict in it means that it acted. */
export function expectDecisions({ recipes }, wanted) {
  const names = recipes.map(({ recipe }) => recipe);
  expect('one decision for each recipe', names, Object.keys(wanted));
  for (const [name, [words, told]] of Object.entries(wanted)) {
    const found = recipes.find(({ recipe }) => recipe === name) ?? {};
    const all = { ...found, ...found.trial, canonical: found.canonical?.version ?? null };
    const actual = Object.fromEntries(Object.keys(words).map((key) => [key, all[key]]));
    expect(`${name} ${told}`, { ...actual, acted: found.acted }, { ...words, acted: 'verdict' in words });
  }
}

const promoted = { verdict: 'green', promoted: true, step: null };

export const inSync = (version) => ({
  ...{ decision: 'in-sync', reason: 'up-to-date', drift: null, canonical: version },
});
export const promotedTo = (version) => ({ ...inSync(version), ...promoted });
export const advancing = (version) => ({
  ...{ decision: 'advance', reason: 'newer-release', drift: 'advance', canonical: version },
});
export const heldAfterFailure = (drift, version) => ({
  ...{ decision: 'held', reason: 'failed-same-inputs', drift, canonical: version },
});

/** The two that no pass ever acts on. */
export const QUIET = {
  retired: [{ decision: 'not-enrolled', reason: 'not-enrolled' }, 'is not enrolled'],
  unborn: [{ decision: 'never-released', reason: 'no-release-tag', canonical: null }, 'was never released'],
};
