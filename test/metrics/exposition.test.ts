import { describe, expect, it } from 'vitest';
import { countingOn, samplesIn, withValues } from '../../src/metrics/exposition.ts';

const family = (type: string, name: string, ...lines: string[]) =>
  [`# HELP ${name} What it is.`, `# TYPE ${name} ${type}`, ...lines].join('\n');

const expose = (...families: string[]) => `${families.join('\n\n')}\n`;

describe('the samples of an exposition', () => {
  it('are known by name and labels, whatever stands in the labels', () => {
    const text = expose(family('gauge', 'a', 'a{file="my # file.yaml",other="say \\"x\\" 1"} 2', 'b 1.5e3'));
    expect([...samplesIn(text)]).toEqual([
      ['a{file="my # file.yaml",other="say \\"x\\" 1"}', 2],
      ['b', 1500],
    ]);
  });

  it.each(['', 'nonsense', 'a{', '# TYPE a gauge', 'a twelve', 'a NaN', 'a +Inf'])(
    'are none in what is no exposition: "%s"',
    (text) => {
      expect(samplesIn(text).size).toBe(0);
    },
  );
});

describe('counting on', () => {
  it('adds what was counted before, to counters only', () => {
    const now = expose(family('counter', 'c_total', 'c_total{a="x"} 1'), family('gauge', 'g', 'g 5'));
    const before = samplesIn('c_total{a="x"} 41\ng 7\n');
    expect(countingOn(now, before)).toBe(
      expose(family('counter', 'c_total', 'c_total{a="x"} 42'), family('gauge', 'g', 'g 5')),
    );
  });

  it('begins what is new at what it counts now, and lets go of what is gone', () => {
    const now = expose(family('counter', 'c_total', 'c_total{a="new"} 1'));
    expect(countingOn(now, samplesIn('c_total{a="gone"} 41'))).toBe(now);
  });

  const histogram = (low: string, counts: readonly number[]) =>
    expose(
      family(
        'histogram',
        'h',
        `h_bucket{le="${low}"} ${counts[0]}`,
        `h_bucket{le="+Inf"} ${counts[1]}`,
        `h_sum ${counts[2]}`,
        `h_count ${counts[1]}`,
      ),
    );

  it('adds to every bucket of a histogram, and to its sum', () => {
    expect(countingOn(histogram('1', [1, 2, 3.5]), samplesIn(histogram('1', [10, 20, 30])))).toBe(
      histogram('1', [11, 22, 33.5]),
    );
  });

  it('begins a histogram anew whose buckets are drawn otherwise than before', () => {
    const now = histogram('5', [1, 2, 3.5]);
    expect(countingOn(now, samplesIn(histogram('1', [10, 20, 30])))).toBe(now);
  });
});

it('with other values for some samples is as it was in everything else', () => {
  const text = expose(family('gauge', 'g', 'g{a="b c"} 5', 'g{a="d"} 6'));
  expect(withValues(text, new Map([['g{a="b c"}', 1]]))).toBe(text.replace(' 5', ' 1'));
});
