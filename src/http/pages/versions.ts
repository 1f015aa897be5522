/** From which release to which: `1.0.0+1.0 → 1.1.0+1.1`, one of them where they are the same. */
import { html, type Html } from './html.ts';

interface Released {
  latest: { version: string } | null;
  canonical: { version: string } | null;
}

export function versions({ latest, canonical }: Released): Html {
  const from =
    canonical === null
      ? html`<span class="none">no canonical</span>`
      : html`<span class="version">${canonical.version}</span>`;
  if (latest === null || latest.version === canonical?.version) return from;
  return html`${from} <span class="arrow" aria-hidden="true">→</span><span class="unseen">, newest is</span>
    <span class="version newer">${latest.version}</span>`;
}
