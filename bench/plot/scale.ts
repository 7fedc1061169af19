/** Scales: from values to places, with ticks at round numbers. */

export interface Scale {
  /** Where a value is, in pixels. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** From 0 to a round number that no value exceeds. @param most the largest value; 0 or less counts as 1. */
export function linear(most: number, pixels: Span, steps = 5): Scale {
  const step = roundStep((most > 0 ? most : 1) / steps);
  const top = Math.ceil((most > 0 ? most : 1) / step - 1e-9) * step;
  const count = Math.round(top / step);
  return {
    at: (value) => pixels.from + (value / top) * (pixels.to - pixels.from),
    // Counted, not added up: sums of tenths are no round numbers.
    ticks: Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12))),
  };
}

/** The power of ten times 1, 2 or 5 that is not below. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** By powers of ten. @param values above 0. */
export function logarithmic(values: readonly number[], pixels: Span): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (value) => pixels.from + ((Math.log10(value) - low) / (high - low)) * (pixels.to - pixels.from),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  };
}

/** From the least to the largest of the values, without ticks of its own beyond them. */
export function between(values: readonly number[], pixels: Span, steps = 6): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = roundStep((high - low || 1) / steps);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.max(0, Math.floor(high / step + 1e-9) - first);
  return {
    at: (value) => (high === low ? (pixels.from + pixels.to) / 2 : pixels.from + ((value - low) / (high - low)) * (pixels.to - pixels.from)),
    ticks: Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12))),
  };
}

/** A number as a label: 1,000; 0.25. */
export function label(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}
