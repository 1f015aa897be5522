/** Decisions and verdicts as pills: a picture, the word, and a colour that says nothing which these do not. */
import { own } from '../../reconciler/own.ts';
import { glyph, type Glyph } from './glyphs.ts';
import { html, type Html } from './html.ts';

type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'quiet';

const LOOKS: Readonly<Record<string, readonly [Tone, Glyph]>> = {
  unknown: ['bad', 'question'],
  held: ['wait', 'lock'],
  blocked: ['wait', 'link'],
  repair: ['busy', 'repair'],
  advance: ['busy', 'up'],
  seed: ['busy', 'plus'],
  suspended: ['wait', 'pause'],
  'never-released': ['quiet', 'dash'],
  'not-enrolled': ['quiet', 'dash'],
  'in-sync': ['good', 'check'],

  green: ['good', 'check'],
  promoted: ['good', 'check'],
  red: ['bad', 'cross'],
  timeout: ['bad', 'clock'],
  infra: ['wait', 'bolt'],
  superseded: ['quiet', 'up'],
  interrupted: ['quiet', 'pause'],
  running: ['busy', 'dot'],
};

/** Decisions, those first that somebody should look at. */
export const BY_ATTENTION: readonly string[] = [
  'unknown',
  'held',
  'blocked',
  'repair',
  'advance',
  'seed',
  'suspended',
  'never-released',
  'not-enrolled',
  'in-sync',
];

export function pill(word: string): Html {
  const [tone, picture] = own(LOOKS, word) ?? ['quiet', 'dot'];
  return html`<span class="pill ${tone}">${glyph(picture)}${word}</span>`;
}
