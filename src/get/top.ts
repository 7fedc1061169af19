/** An interval as a table for people, as large as a terminal has room for. */
import { cutTo, fittingWidths, type Paint } from "../support/terminal.ts";
import { printable } from "../support/text.ts";
import type { Interval, RouteRates } from "./rates.ts";

interface Picture {
  readonly paint: Paint;
  /** Columns of a line; undefined: as many as it takes. */
  readonly width?: number;
  /** Lines in all; undefined: as many as it takes. */
  readonly height?: number;
  /** Routes at most; 0: as many as there is room for. */
  readonly lines: number;
}

type Colour = "dim" | "yellow" | "red" | undefined;

interface RatesColumn {
  readonly title: string;
  readonly text: (route: RouteRates, longest: number | undefined) => string;
  /** A number stands at the right; a text may be cut, and its column be left out in a narrow terminal: the one with the lowest rank first. */
  readonly rank?: number;
  readonly colour?: (route: RouteRates) => Colour;
}

const COLUMNS: readonly RatesColumn[] = [
  { title: "REQ/S", text: ({ requestsPerSecond }) => rateText(requestsPerSecond) },
  { title: "4XX/S", text: ({ clientErrorsPerSecond }) => rateText(clientErrorsPerSecond), colour: ({ clientErrors }) => (clientErrors > 0 ? "yellow" : undefined) },
  { title: "5XX/S", text: ({ serverErrorsPerSecond }) => rateText(serverErrorsPerSecond), colour: ({ serverErrors }) => (serverErrors > 0 ? "red" : undefined) },
  { title: "P50 MS", text: ({ p50 }, longest) => millisecondsText(p50, longest) },
  { title: "P99 MS", text: ({ p99 }, longest) => millisecondsText(p99, longest) },
  { title: "NAMESPACE", text: ({ namespace }) => namespace, rank: 1 },
  { title: "INGRESS", text: ({ ingress }) => ingress, rank: 2 },
  { title: "HOST", text: ({ host }) => host, rank: 4 },
  { title: "PATH", text: pathText, rank: 3 },
  { title: "SERVICE", text: ({ service, canary }) => canary || service, rank: 0 },
];

const GAP = "  ";
/** A text's column is not made narrower than that as long as another can be left out. */
const NARROWEST = 14;

/** Lines without a newline at the end of the last one. */
export function topLines(interval: Interval, { paint, width = Infinity, height = Infinity, lines }: Picture): readonly string[] {
  const { routes, longest } = interval;
  const heads = [paint("bold", cutTo(totalText(interval), width)), ...answersText(interval).map((text) => cutTo(text, width)), ""];
  if (routes.length === 0) return [...heads, cutTo("No requests in this time.", width)];
  // Titles, and a line with the number of further routes.
  const room = Math.max(1, height - heads.length - 2);
  const shown = routes.slice(0, Math.min(room, lines === 0 ? Infinity : lines));
  const more = routes.length - shown.length;
  const cells = shown.map((route) => COLUMNS.map(({ text }) => printable(text(route, longest)) || "-"));
  const widths = fitted(COLUMNS.map(({ title }, index) => Math.max(title.length, ...cells.map((row) => (row[index] ?? "").length))), width);
  const columns = COLUMNS.map((column, index) => ({ ...column, index, width: widths[index] ?? 0 })).filter((column) => column.width > 0);
  const line = (texts: readonly string[], colourOf: (column: RatesColumn) => Colour): string =>
    columns.map((column) => {
      const text = cutTo(texts[column.index] ?? "", column.width);
      const padded = column.rank === undefined ? text.padStart(column.width) : column === columns.at(-1) ? text : text.padEnd(column.width);
      const colour = colourOf(column);
      return colour === undefined ? padded : paint(colour, padded);
    }).join(GAP);
  return [
    ...heads,
    line(COLUMNS.map(({ title }) => title), () => "dim"),
    ...shown.map((route, index) => line(cells[index] ?? [], ({ colour }) => colour?.(route))),
    ...(more > 0 ? [cutTo(`… and ${more} more`, width)] : []),
  ];
}

/** Widths of the columns, so that all have room; 0: the column is left out. */
function fitted(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const isText = (index: number): boolean => COLUMNS[index]?.rank !== undefined;
  const sum = (of: (own: number, index: number) => number): number => {
    const there = widths.flatMap((own, index) => (own > 0 ? [of(own, index)] : []));
    return there.reduce((before, own) => before + own + GAP.length, -GAP.length);
  };
  const byRank = [...COLUMNS.keys()].filter(isText).sort((a, b) => (COLUMNS[a]?.rank ?? 0) - (COLUMNS[b]?.rank ?? 0));
  // The number of requests stays in any case.
  for (const index of [...byRank, ...[...COLUMNS.keys()].slice(1).reverse()]) {
    if (sum((own, at) => (isText(at) ? Math.min(own, NARROWEST) : own)) <= width) break;
    widths[index] = 0;
  }
  return fittingWidths(widths, width, { gap: GAP.length, narrowest: 1, mayBeCut: isText });
}

function pathText({ path, canary, ingress, service, others }: RouteRates): string {
  if (others) return "(other routes)";
  if (ingress === "" && service === "") return "(no route)";
  return canary === "" ? path : `${path} (canary)`;
}

function totalText({ seconds, total }: Interval): string {
  const { requestsPerSecond, clientErrorsPerSecond, serverErrorsPerSecond, active, quiet, connections } = total;
  return [
    `${rateText(requestsPerSecond)} requests/s`, `${rateText(clientErrorsPerSecond)} 4xx/s`, `${rateText(serverErrorsPerSecond)} 5xx/s`,
    ...(connections === undefined ? [] : [`${connections} ${connections === 1 ? "connection" : "connections"}`]),
    `${active} active ${active === 1 ? "route" : "routes"}${quiet === undefined ? "" : `, ${quiet} quiet`}`,
    `in ${seconds.toFixed(1)} s`,
  ].join("   ");
}

/** A line about the answers of Sluice's own; none where there are none. */
function answersText({ seconds, total: { ownAnswers } }: Interval): readonly string[] {
  const texts = Object.entries(ownAnswers).map(([reason, number]) => `${reason} ${rateText(number / seconds)}/s`);
  return texts.length === 0 ? [] : [`answered by Sluice itself: ${texts.map(printable).join(", ")}`];
}

function rateText(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.01) return "<0.01";
  return perSecond < 0.1 ? perSecond.toFixed(2) : perSecond < 100 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

/** @param longest the largest bound: durations beyond it are not told apart. */
function millisecondsText(milliseconds: number | undefined, longest: number | undefined): string {
  if (milliseconds === undefined) return "-";
  if (milliseconds === longest) return `≥${milliseconds}`;
  return milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
}
