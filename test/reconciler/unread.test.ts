import { expect, it } from 'vitest';
import { unreadIn } from '../../src/reconciler/unread.ts';
import { unreadable } from '../../src/reconciler/view.ts';
import { fleet, view } from './world.ts';

it('counts what could not be read by where it should have come from', () => {
  const why = unreadable<never>('refused');
  const broken = { ...view(), refs: why, record: why, generations: why, leftovers: why };
  const alsoBroken = { ...view(), recipe: 'web', refs: why, mirror: why, memory: why, trials: why };
  const found = fleet([broken, alsoBroken]);
  expect(unreadIn({ ...found, config: why, driver: why, unreadableFiles: ['one.yaml', 'two.yaml'] })).toEqual(
    {
      manifests: 2,
      config: 1,
      driver: 1,
      upstream: 2,
      mirror: 1,
      record: 1,
      volumes: 1,
      memory: 1,
      trials: 1,
      leftovers: 1,
    },
  );
});

it('finds nothing to count where everything could be read, and does not take what was not asked for unreadable', () => {
  expect(unreadIn(fleet([{ ...view(), refs: null, mirror: null }]))).toEqual({});
});
