/**
 * Lines over a number: over hosts, over minutes.
 *
 *     lineChart({
 *       title: "Memory under churn",
 *       x: { title: "minutes" },
 *       y: { title: "MiB" },
 *       series: [{ name: "worker", points: [[0, 18.2], [1, 18.4], …] }],
 *     })
 */
import { between, label, linear, logarithmic, type Scale, type Span } from "./scale.ts";
import { colourOf, element, hover, picture, text, type Svg } from "./svg.ts";

export interface Axis {
  /** What it counts, with the unit. */
  readonly title: string;
  /** By powers of ten; values must be above 0. Absent: evenly, and the upright axis from 0. */
  readonly logarithmic?: true;
}

export interface Series {
  readonly name: string;
  /** In the order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Those without points are left out. */
  readonly series: readonly Series[];
  /** Upright lines, such as the moment when a process was killed. */
  readonly marks?: readonly { readonly x: number; readonly name: string }[];
  readonly note?: string;
}

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 72;
const RIGHT = 170;
const TOP = 48;
const BOTTOM = 64;
/** With more points than this, single ones are not marked. */
const DOTS = 40;

/** @returns the text of an SVG file. @throws Error when no series has a point. */
export function lineChart({ title, x, y, series, marks = [], note }: LineChart): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) throw new Error(`${title}: there is nothing to draw`);
  const across = scaleOf(x, [...all.map(([at]) => at), ...marks.map((mark) => mark.x)], { from: LEFT, to: WIDTH - RIGHT }, between);
  const up = scaleOf(y, all.map(([, value]) => value), { from: HEIGHT - BOTTOM, to: TOP }, (values, span) => linear(Math.max(...values), span));
  return picture(
    { width: WIDTH, height: HEIGHT, title, description: describe(x, y, drawn) },
    ...grid(across, up), ...marks.map((mark) => markLine(mark, across)), ...drawn.map((one, i) => curve(one, i, across, up)), ...legend(drawn, up),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 26, x.title, { "text-anchor": "middle", class: "faint" }),
    text(18, (TOP + HEIGHT - BOTTOM) / 2, y.title, { "text-anchor": "middle", class: "faint", transform: `rotate(-90 18 ${(TOP + HEIGHT - BOTTOM) / 2})` }),
    ...(note === undefined ? [] : [text(16, HEIGHT - 8, note, { class: "faint", "font-size": 11 })]),
  );
}

function scaleOf(axis: Axis, values: readonly number[], span: Span, evenly: (values: readonly number[], span: Span) => Scale): Scale {
  return axis.logarithmic ? logarithmic(values, span) : evenly(values, span);
}

function grid(across: Scale, up: Scale): Svg[] {
  const bottom = HEIGHT - BOTTOM;
  return [
    ...up.ticks.flatMap((tick) => [
      element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up.at(tick), y2: up.at(tick), class: "grid" }),
      text(LEFT - 8, up.at(tick) + 4, label(tick), { "text-anchor": "end" }),
    ]),
    ...across.ticks.map((tick) => text(across.at(tick), bottom + 18, label(tick), { "text-anchor": "middle" })),
    element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: bottom, y2: bottom, class: "axis" }),
  ];
}

function markLine({ x, name }: { readonly x: number; readonly name: string }, across: Scale): Svg {
  const at = across.at(x);
  return element("line", { x1: at, x2: at, y1: TOP, y2: HEIGHT - BOTTOM, class: "axis", "stroke-dasharray": "3 3" }, hover(name));
}

function curve({ name, points }: Series, index: number, across: Scale, up: Scale): Svg {
  const places = points.map(([x, y]) => [across.at(x), up.at(y)] as const);
  const path = places.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const dots = points.length > DOTS ? [] : places.map(([cx, cy], i) => element("circle", { cx, cy, r: 3.5, fill: colourOf(index) }, hover(`${name}: ${label(points[i]?.[1] ?? 0)}`)));
  return element("path", { d: path, class: "line", stroke: colourOf(index) }) + dots.join("");
}

/** Each name beside the end of its line, moved so that no two lie on each other. */
function legend(series: readonly Series[], up: Scale): Svg[] {
  const wanted = series.map(({ name, points }, index) => ({ name, index, at: up.at(points.at(-1)?.[1] ?? 0) + 4 })).sort((a, b) => a.at - b.at);
  let free = -Infinity;
  return wanted.map(({ name, index, at }) => {
    free = Math.max(at, free + 16);
    return text(WIDTH - RIGHT + 10, free, name, { style: `fill:${colourOf(index)}` });
  });
}

function describe(x: Axis, y: Axis, series: readonly Series[]): string {
  const each = series.map(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return `${name}: ${points.length <= 6 ? points.map(([at, value]) => `${label(value)} at ${label(at)}`).join(", ") : `from ${label(first?.[1] ?? 0)} to ${label(last?.[1] ?? 0)}`}`;
  });
  return `${y.title} over ${x.title}. ${each.join("; ")}.`;
}
