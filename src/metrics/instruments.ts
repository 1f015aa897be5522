/** The declared series as instruments of prom-client, in a registry of their own: nothing in here is global. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { SERIES, type GaugeSample, type Labels, type NameOf, type Series } from './series.ts';

/** Gauges that are called like counters; promtool refuses them. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export class Instruments {
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  constructor() {
    for (const [name, series] of Object.entries(SERIES)) this.#declare(name, series);
  }

  #declare(name: string, { type, help, labels, buckets = [] }: Series): void {
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    if (type === 'gauge') this.#gauges.set(name, new Gauge(options));
    else if (type === 'counter') this.#counters.set(name, new Counter(options));
    else this.#histograms.set(name, new Histogram({ ...options, buckets: [...buckets] }));
  }

  set({ name, labels, value }: GaugeSample): void {
    this.#gauges.get(name)?.set({ ...labels }, value);
  }

  unset({ name, labels }: GaugeSample): void {
    this.#gauges.get(name)?.remove({ ...labels });
  }

  add<Name extends NameOf<'counter'>>(name: Name, labels: Labels<Name>, times = 1): void {
    this.#counters.get(name)?.inc({ ...labels }, times);
  }

  /** It has no series any more: whatever it counted is gone. */
  drop<Name extends NameOf<'counter'>>(name: Name, labels: Labels<Name>): void {
    this.#counters.get(name)?.remove({ ...labels });
  }

  /** Null: it only comes to exist. */
  observe<Name extends NameOf<'histogram'>>(
    name: Name,
    labels: Labels<Name>,
    milliseconds: number | null,
  ): void {
    const histogram = this.#histograms.get(name);
    if (milliseconds === null) histogram?.zero({ ...labels });
    else histogram?.observe({ ...labels }, milliseconds / 1000);
  }

  /** Of this process as well: its memory, its descriptors, its event loop. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
