/** The metrics as Prometheus reads them: those of the driver follow from its status, those of the process are prom-client's. */
import { collectDefaultMetrics, Registry, type Metric } from 'prom-client';
import type { DriverStatus } from '../core/status.ts';
import { ContainerSeries } from './container-series.ts';
import { metricList, PREFIX, type ContainerSeriesMap, type MetricDefinition, type Sample } from './metric-list.ts';

/** Of prom-client's own: the rest is of use to somebody who works on Node itself, or breaks the rules for names. */
const PROCESS_METRICS = /^(process_|nodejs_eventloop_lag_|nodejs_heap_size_|nodejs_external_memory|nodejs_gc_duration)/;
/** How often the event loop is looked at, in milliseconds: more often would wake an idle process for nothing. */
const LOOK_MS = 100;

export class Metrics {
  readonly #registry = new Registry();
  readonly #status: () => DriverStatus | Promise<DriverStatus>;
  readonly #containers: ContainerSeries;
  /** What the metrics of one answer are made of. */
  #current: DriverStatus | undefined;
  #series: ContainerSeriesMap = new Map();

  /** `containers`: how many have series of their own. */
  constructor(status: () => DriverStatus | Promise<DriverStatus>, containers: () => number) {
    this.#status = status;
    this.#containers = new ContainerSeries(containers);
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOK_MS });
    for (const { name } of this.#registry.getMetricsAsArray() as readonly { readonly name: string }[]) {
      if (!PROCESS_METRICS.test(name)) this.#registry.removeSingleMetric(name);
    }
    for (const definition of metricList) this.#register(definition);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus's text format, version 0.0.4. */
  async text(): Promise<string> {
    const current = await this.#status();
    this.#current = current;
    this.#series = this.#containers.update(current);
    return await this.#registry.metrics();
  }

  /** prom-client asks a metric for no more than its name and what it holds now. */
  #register({ name, type, help, samples }: MetricDefinition): void {
    const full = `${PREFIX}${name}`;
    const values = (): object[] => this.#current === undefined ? [] : samples(this.#current, this.#series).map(({ labels, value, suffix }: Sample) =>
      ({ labels, value, ...suffix === undefined ? {} : { metricName: `${full}${suffix}` } }));
    this.#registry.registerMetric({ name: full, get: async () => ({ name: full, help, type, values: values() }) } as unknown as Metric);
  }
}
