/** What the scenarios find, as rows: one measured thing, for each subject. */
import { quantile } from "../statistics.ts";
import type { Subject } from "./subject.ts";

export interface ChangeRow {
  readonly what: string;
  readonly subject: Subject["name"];
  readonly measured: string;
}

export function row(subject: Subject, what: string, measured: string | number): ChangeRow {
  return { what, subject: subject.name, measured: String(measured) };
}

/** How long a start took, and what the controller computed meanwhile. */
export function started({ readyMs, readySeconds }: Subject): string {
  return `${(readyMs / 1000).toFixed(2)} s (${readySeconds.toFixed(2)} s of processor time)`;
}

/** Mean, quantiles and the most of milliseconds. */
export function spread(millis: readonly number[]): string {
  const known = millis.filter((ms) => !Number.isNaN(ms));
  const late = millis.length - known.length;
  const mean = known.reduce((sum, ms) => sum + ms, 0) / known.length;
  const text = `mean ${ms(mean)}, p50 ${ms(quantile(known, 0.5))}, p99 ${ms(quantile(known, 0.99))}, most ${ms(quantile(known, 1))} ms`;
  return `${text}${late === 0 ? "" : `; ${late} not in time`} (${millis.length} times)`;
}

function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
