/** Measurements of requests, and what they say beside each other. */
import { median, quantile } from "./statistics.ts";

/** One measurement. */
export interface Sample {
  readonly workload: string;
  readonly proxy: string;
  readonly round: number;
  readonly requests: number;
  readonly microsPerRequest: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly failed: number;
}

/** A workload of a proxy: what a ratio compares. */
export interface Side {
  readonly workload: string;
  readonly proxy: string;
}

/** The samples of one side, in order of rounds. */
export function samplesOf(samples: readonly Sample[], { workload, proxy }: Side): Sample[] {
  return samples.filter((sample) => sample.workload === workload && sample.proxy === proxy);
}

/** Median of the processor time per request, in µs. */
export function microsOf(samples: readonly Sample[], side: Side): string {
  return median(samplesOf(samples, side).map(({ microsPerRequest }) => microsPerRequest)).toFixed(1);
}

export interface Ratio {
  /** Median over the rounds of (a ÷ b) within the round, and the quarter and three quarters of them. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** The ratio of processor time per request over the rounds in which both were measured; undefined: there is none. */
export function ratioOf(samples: readonly Sample[], a: Side, b: Side): Ratio | undefined {
  const below = new Map(samplesOf(samples, b).map(({ round, microsPerRequest }) => [round, microsPerRequest]));
  const ratios = samplesOf(samples, a).flatMap(({ round, microsPerRequest }) => {
    const other = below.get(round);
    return other === undefined || other === 0 ? [] : [microsPerRequest / other];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75), rounds: ratios.length };
}
