/** Releases of canaries as a table for people, one a line. */
import type { ArmStatus, RolloutStatus, RolloutWord } from "../rollout/status.ts";
import { cutTo, fittingWidths, type Paint } from "../support/terminal.ts";
import { printable } from "../support/text.ts";

/** How releases are shown. */
export interface ReleasesPicture {
  readonly paint: Paint;
  /** Columns of a line; undefined: as many as it takes. */
  readonly width?: number;
  /** Lines in all; undefined: as many as it takes. */
  readonly height?: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface ReleaseColumn {
  readonly title: string;
  readonly text: (status: RolloutStatus, now: number) => string;
}

const COLUMNS: readonly ReleaseColumn[] = [
  { title: "INGRESS", text: ({ ingress }) => ingress },
  { title: "STATUS", text: ({ status }) => status },
  { title: "STEP", text: ({ step, steps }) => `${step}/${steps.length}` },
  { title: "WEIGHT", text: ({ weight }) => `${weight} %` },
  { title: "CANARY", text: ({ arms }) => armText(arms.canary) },
  { title: "PRIMARY", text: ({ arms }) => armText(arms.primary) },
  { title: "SINCE", text: ({ since }, now) => agoText(since, now) },
  { title: "BEGUN", text: ({ begun }, now) => agoText(begun, now) },
];

const STATUS = 1;
const GAP = "   ";
/** The name of an Ingress is not cut further. */
const NARROWEST = 14;

export const STATUS_COLOURS: Readonly<Record<RolloutWord, Parameters<Paint>[0]>> = { advancing: "cyan", paused: "yellow", ready: "green", failed: "red", aborted: "yellow", promoted: "green" };

export const NO_ROLLOUTS = 'No rollouts: a canary has one with the annotation sluice.ingress/rollout, and "sluice get findings" tells of those that cannot be read.';

/** Lines without a newline at the end of the last one. */
export function releaseTable(statuses: readonly RolloutStatus[], { paint, width = Infinity, height = Infinity, now }: ReleasesPicture): readonly string[] {
  if (statuses.length === 0) return [cutTo(NO_ROLLOUTS, width)];
  // Titles, and a line with the number of further ones.
  const shown = statuses.length < height ? statuses : statuses.slice(0, Math.max(1, height - 2));
  const more = statuses.length - shown.length;
  const cells = shown.map((status) => COLUMNS.map(({ text }) => printable(text(status, now))));
  const natural = COLUMNS.map(({ title }, index) => Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const widths = fitted(natural, width);
  const line = (row: readonly string[], painted: (text: string, column: number) => string): string =>
    row.flatMap((text, index) => ((widths[index] ?? 0) === 0 ? [] : [painted(cutTo(text, widths[index] ?? 0).padEnd(widths[index] ?? 0), index)])).join(GAP).trimEnd();
  return [
    line(COLUMNS.map(({ title }) => title), (text) => paint("dim", text)),
    ...cells.map((row, at) => line(row, (text, column) => (column === STATUS ? paint(STATUS_COLOURS[shown[at]?.status ?? "advancing"], text) : text))),
    ...(more > 0 ? [cutTo(`… and ${more} more`, width)] : []),
  ];
}

/** Columns from the right are left out where a line has no room, and then the first one is cut. 0: left out. */
function fitted(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const least = (): number => widths.reduce((sum, own, index) => sum + (own === 0 ? 0 : GAP.length + (index === 0 ? Math.min(own, NARROWEST) : own)), -GAP.length);
  for (let last = widths.length - 1; last > STATUS && least() > width; last--) widths[last] = 0;
  return fittingWidths(widths, width, { gap: GAP.length, narrowest: 1, mayBeCut: (index) => index === 0 });
}

/** `0.2 % of 512`: errors of requests. */
function armText({ requests, errors }: ArmStatus): string {
  return requests === 0 ? "-" : `${errorShare(errors, requests)} of ${requests.toLocaleString("en")}`;
}

/** Errors as a share of requests. */
export function errorShare(errors: number, requests: number): string {
  const percent = (100 * errors) / requests;
  return `${percent > 0 && percent < 0.01 ? "<0.01" : Number(percent.toFixed(2))} %`;
}

export function agoText(time: string, now: number): string {
  return durationText((now - Date.parse(time)) / 1000);
}

/** `45s`, `3m10s`, `2h5m`, `3d4h`: its two largest units. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const units = [[86_400, "d"], [3600, "h"], [60, "m"], [1, "s"]] as const;
  const first = units.findIndex(([size]) => whole >= size);
  if (first === -1) return "0s";
  let left = whole;
  return units.slice(first, first + 2).map(([size, letter]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? "" : `${count}${letter}`;
  }).join("");
}
