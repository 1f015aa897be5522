/** The figures that must be reached, and whether these measurements reach them. */
import type { Measurements, Observation } from './benchmark.ts';
import { OPERATIONS } from './queue.ts';

export interface Figure {
  what: string;
  /** Null where the sizes that it is about were not measured. */
  measured: number | null;
  mostAllowed: number;
  unit: '×' | 'MiB' | 'ms';
  reached: boolean | null;
}

export function figuresOf(measurements: Measurements): Figure[] {
  const { node, status, seed, queueMs, served } = measurements;
  const thousandServed = served.recipes === 1000 ? served : null;
  const [thousand, five] = [ofSize(measurements, 1000), ofSize(measurements, 5000)];
  const git = thousand?.git ?? null;
  return [
    figure('time of a no-op pass over 1 000 recipes, of that of git ls-remote', 0.4, '×', [
      thousand?.once.wallMs,
      git?.wallMs,
    ]),
    figure('CPU of a no-op pass over 1 000 recipes, of that of git ls-remote', 0.25, '×', [
      thousand?.once.cpuMs,
      git?.cpuMs,
    ]),
    figure('time of a no-op pass over 1 000 recipes, of the floor; start-up of node taken off both', 2, '×', [
      less(thousand?.once.wallMs, node.wallMs),
      less(thousand?.floor.wallMs, node.wallMs),
    ]),
    figure('growth of its time from 1 000 to 5 000 recipes', 5.5, '×', [
      five?.once.wallMs,
      thousand?.once.wallMs,
    ]),
    figure('peak memory of a no-op pass over 5 000 recipes', 250, 'MiB', [five?.peakMiB, 1]),
    figure(
      'overhead of a seed’s trial over starts, stops and a copy by hand',
      0.1 * seed.byHandMs + 500,
      'ms',
      [seed.trialMs - seed.byHandMs, 1],
    ),
    figure(`time of ${OPERATIONS} names added to the queue, given out and done`, 1000, 'ms', [queueMs, 1]),
    figure('time of status of 100 recipes, of that of node -e 0', 4, '×', [
      status.recipes === 100 ? status.wallMs : undefined,
      node.wallMs,
    ]),
    figure('time of the page of 1 000 recipes, to its last byte', 1000, 'ms', [thousandServed?.pageMs, 1]),
    figure('time until Chromium shows it', 1000, 'ms', [thousandServed?.shownMs ?? undefined, 1]),
    figure('time of a webhook until its recipe is queued, among 1 000', 50, 'ms', [
      thousandServed?.webhookMs,
      1,
    ]),
    figure('time of an edit until its recipe was looked at, among 1 000', 1000, 'ms', [
      thousandServed?.editMs,
      1,
    ]),
    figure('time of a scrape of 1 000 recipes', 250, 'ms', [thousandServed?.scrapeMs, 1]),
  ];
}

type Measured = number | undefined;

/** Measured is the first of the two by the second. */
function figure(
  what: string,
  mostAllowed: number,
  unit: Figure['unit'],
  [part, whole]: [Measured, Measured],
): Figure {
  const measured = part === undefined || whole === undefined ? null : part / whole;
  return { what, measured, mostAllowed, unit, reached: measured === null ? null : measured <= mostAllowed };
}

function less(value: Measured, taken: number): Measured {
  return value === undefined ? undefined : value - taken;
}

function ofSize({ observations }: Measurements, size: number): Observation | undefined {
  return observations.find((each) => each.size === size && each.server === 'memory');
}
