import { describe, expect, it } from 'vitest';
import { repointed } from '../../src/reconciler/images.ts';
import type { ImageRecord } from '../../src/reconciler/model.ts';

const image = (over: Partial<ImageRecord> = {}): ImageRecord => ({
  service: 'app',
  reference: 'nginx:1.25',
  digest: 'sha256:old',
  id: 'sha256:image',
  ...over,
});

describe('an image', () => {
  it.each([
    ['is what it was', image()],
    ['was packed otherwise by another registry', image({ digest: 'sha256:repacked' })],
    ['runs on another platform', image({ id: 'sha256:elsewhere' })],
    [
      'has another name, as another release may ask for',
      image({ reference: 'nginx:1.26', digest: null, id: 'x' }),
    ],
    ['was built here, and is the same', image({ digest: null })],
  ])('that %s is nothing to tell of', (_what, now) => {
    expect(repointed([image()], [now])).toEqual([]);
  });

  it('that another one has the name of is told with both, whichever service has it by now', () => {
    const now = image({ service: 'web', digest: 'sha256:new', id: 'sha256:other' });
    expect(repointed([image()], [now])).toEqual([
      'the image nginx:1.25 of service web is another than when the canonical was promoted: it was sha256:old and is sha256:new',
    ]);
  });

  it('that came from no registry is told by what the engine knows it by', () => {
    const [note] = repointed([image({ digest: null })], [image({ digest: null, id: 'sha256:rebuilt' })]);
    expect(note).toContain('it was sha256:image and is sha256:rebuilt');
  });

  it('that nobody recorded is nothing to tell of', () => {
    expect(repointed([], [image()])).toEqual([]);
  });

  it('of which the canonical ran two under one name is told only where it is neither', () => {
    const both = [image(), image({ service: 'web', digest: 'sha256:b', id: 'b' })];
    expect(repointed(both, both)).toEqual([]);
    expect(repointed(both, [image({ digest: 'sha256:c', id: 'c' })])).toHaveLength(1);
  });
});
