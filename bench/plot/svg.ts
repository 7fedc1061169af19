/**
 * A small writer of SVG: enough for charts that are read on a light and on a dark page, by eyes and by ears.
 *
 * `lineChart` and `barChart` (beside this file) make whole pictures from series of numbers; results of other kinds, such as
 * memory over the minutes of a soak, are drawn with `lineChart({ x: { title: "minutes" }, … })`.
 */

/** An element, or text. */
export type Svg = string;

/** Attributes; numbers are written with at most two decimals. */
export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, ...children: readonly Svg[]): Svg {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${typeof value === "number" ? trim(value) : escapeXml(value)}"`).join("");
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`;
}

/** A label. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): Svg {
  return element("text", { x, y, ...attributes }, escapeXml(content));
}

/** What a pointer over an element is told. */
export function hover(content: string): Svg {
  return element("title", {}, escapeXml(content));
}

export function escapeXml(raw: string): string {
  return raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function trim(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Colours of series, told apart by people who see no red or no green, too; each is readable on white and on near-black. */
const COLOURS: readonly string[] = ["#0b84d8", "#d9730d", "#1a9a72", "#b65fc2", "#8a7a00", "#d1495b", "#5b6ee1", "#6b7280"];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

/** Ink, lines and ground follow the reader's scheme; the ground is drawn, because a page may have another scheme than its reader. */
const STYLE = `
svg { font: 13px system-ui, sans-serif; }
text { fill: #1f2328; }
.ground { fill: #ffffff; }
.title { font-size: 16px; font-weight: 600; }
.faint { fill: #59636e; }
.grid { stroke: #8b949e; stroke-opacity: .35; }
.axis { stroke: #59636e; }
.line { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .ground { fill: #0d1117; }
  .faint { fill: #9da7b3; }
  .axis { stroke: #9da7b3; }
}
`;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What the picture is of, above it. */
  readonly title: string;
  /** What it shows, in words, with the numbers that matter: for who does not see it. */
  readonly description: string;
}

/** A whole file. */
export function picture({ width, height, title, description }: Picture, ...content: readonly Svg[]): string {
  return `${element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": "title description" },
    `\n${element("title", { id: "title" }, escapeXml(title))}\n`,
    `${element("desc", { id: "description" }, escapeXml(description))}\n`,
    `${element("style", {}, STYLE)}\n`,
    `${element("rect", { width, height, rx: 6, class: "ground" })}\n`,
    `${text(16, 26, title, { class: "title" })}\n`,
    ...content.map((one) => `${one}\n`),
  )}\n`;
}
