/** Lying bars in groups: a group for each thing that is compared, a bar for each who is. */
import { label, linear } from "./scale.ts";
import { colourOf, element, picture, text, type Svg } from "./svg.ts";

export interface BarChart {
  readonly title: string;
  /** What a bar's length counts, with the unit. */
  readonly unit: string;
  /** Names of the bars of a group, in their order. */
  readonly bars: readonly string[];
  readonly groups: readonly {
    readonly name: string;
    /** One for each bar; undefined: there is none, and the chart has a dash. */
    readonly values: readonly (number | undefined)[];
  }[];
  /** The longest bar's value; longer ones are cut, with their number beside them. Absent: the largest value. */
  readonly most?: number;
  readonly note?: string;
}

const WIDTH = 760;
const LEFT = 210;
const RIGHT = 60;
const TOP = 72;
const BAR = 13;
const GAP = 12;

/** @returns the text of an SVG file. */
export function barChart({ title, unit, bars, groups, most, note }: BarChart): string {
  const all = groups.flatMap(({ values }) => values).filter((value) => value !== undefined);
  if (all.length === 0) throw new Error(`${title}: there is nothing to draw`);
  const largest = Math.min(most ?? Infinity, Math.max(...all));
  const across = linear(largest, { from: LEFT, to: WIDTH - RIGHT });
  const groupHeight = bars.length * BAR + GAP;
  const bottom = TOP + groups.length * groupHeight;
  const grid = across.ticks.flatMap((tick) => [
    element("line", { x1: across.at(tick), x2: across.at(tick), y1: TOP - 6, y2: bottom, class: "grid" }),
    text(across.at(tick), bottom + 16, label(tick), { "text-anchor": "middle" }),
  ]);
  const step = Math.min(110, (WIDTH - LEFT) / bars.length);
  const legend = bars.map((name, i) => element("rect", { x: LEFT + i * step, y: 42, width: 11, height: 11, rx: 2, fill: colourOf(i) }) + text(LEFT + i * step + 16, 52, name));
  const end = across.ticks.at(-1) ?? largest;
  const drawn = groups.flatMap(({ name, values }, i) => {
    const y = TOP + i * groupHeight;
    return [text(LEFT - 10, y + (bars.length * BAR) / 2 + 4, name, { "text-anchor": "end" }), ...values.map((value, k) => bar(value, k, y + k * BAR, end, across.at))];
  });
  return picture(
    { width: WIDTH, height: bottom + (note === undefined ? 44 : 60), title, description: describe(unit, bars, groups) },
    ...grid, ...legend, ...drawn, text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, unit, { "text-anchor": "middle", class: "faint" }),
    ...(note === undefined ? [] : [text(16, bottom + 54, note, { class: "faint", "font-size": 11 })]),
  );
}

function bar(value: number | undefined, index: number, y: number, end: number, at: (value: number) => number): Svg {
  if (value === undefined) return text(at(0) + 4, y + BAR - 3, "–", { class: "faint", "font-size": 11 });
  const to = at(Math.min(value, end));
  return element("rect", { x: at(0), y, width: Math.max(1, to - at(0)), height: BAR - 2, rx: 1, fill: colourOf(index) })
    + text(to + 4, y + BAR - 3, `${label(Number(value.toPrecision(3)))}${value > end ? " →" : ""}`, { "font-size": 11 });
}

function describe(unit: string, bars: readonly string[], groups: BarChart["groups"]): string {
  const each = groups.map(({ name, values }) => `${name}: ${values.map((value, i) => `${bars[i]} ${value === undefined ? "not measured" : label(Number(value.toPrecision(3)))}`).join(", ")}`);
  return `${unit}. ${each.join("; ")}.`;
}
