/**
 * Draws a terminal as an SVG in which lines appear one after the other. People who want no motion, or whose viewer knows no
 * style sheets, see all lines at once.
 */
export interface Line {
  /** Text, with a terminal's escape sequences for bold, dim, red, green, yellow and cyan. */
  readonly text: string;
  /** Seconds before the line appears. */
  readonly pause: number;
}

const COLUMNS = 108;
const WIDTH_PX = 8.4;
const HEIGHT_PX = 20;
const TOP_PX = 56;
const LEFT_PX = 18;
/** Seconds that all lines stay before the animation begins again. */
const REST = 8;

const ESCAPE = "\u001b";
const STYLE = new RegExp(`${ESCAPE}\\[([\\d;]*)m`);
/** Words with the blanks behind them. */
const PIECE = new RegExp(`${STYLE.source}| +|[^ ${ESCAPE}]+ *`, "gu");
const STYLES: Readonly<Record<string, string>> = { "1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c" };

export function drawTerminal(title: string, lines: readonly Line[]): string {
  const rows = lines.flatMap(({ text, pause }) => wrap(text).map((row, i) => ({ row, pause: i === 0 ? pause : 0 })));
  const height = TOP_PX + rows.length * HEIGHT_PX + 8;
  const width = Math.ceil(COLUMNS * WIDTH_PX + 2 * LEFT_PX);
  const total = rows.reduce((sum, { pause }) => sum + pause, 0) + REST;
  let at = 0;
  const texts = rows.map(({ row, pause }, i) => {
    at += pause;
    const y = TOP_PX + i * HEIGHT_PX;
    const shown = ((at / total) * 100).toFixed(1);
    return `<text x="${LEFT_PX}" y="${y}" style="animation-name:s${shown.replace(".", "-")}">${spans(row)}</text>`;
  });
  const moments = [...new Set(texts.map((text) => /animation-name:s([\d-]+)/.exec(text)?.[1] ?? "0-0"))];
  const frames = moments.map((moment) => `@keyframes s${moment}{0%{opacity:0}${moment.replace("-", ".")}%{opacity:0}${(Number(moment.replace("-", ".")) + 0.1).toFixed(1)}%,100%{opacity:1}}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xml:space="preserve" role="img" aria-label="${escape(title)}: a recording of a terminal">
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d6deeb;white-space:pre;animation:${total.toFixed(1)}s linear infinite}
.b{font-weight:bold}.d{fill:#7f8ea3}.r{fill:#ff6b6b}.g{fill:#7ee787}.y{fill:#f2cc60}.c{fill:#79c0ff}
${frames.join("\n")}
@media (prefers-reduced-motion:reduce){text{animation:none}}
</style>
<rect width="100%" height="100%" rx="10" fill="#0d1520"/>
<circle cx="22" cy="20" r="6" fill="#ff5f57"/><circle cx="42" cy="20" r="6" fill="#febc2e"/><circle cx="62" cy="20" r="6" fill="#28c840"/>
${texts.join("\n")}
</svg>
`;
}

/** Rows of at most a line's length, broken between words; a style goes on in the next. */
function wrap(text: string): string[] {
  const rows: string[] = [];
  let [row, length, style] = ["", 0, ""];
  for (const [piece] of text.matchAll(PIECE)) {
    if (piece.startsWith(ESCAPE)) style = piece === `${ESCAPE}[0m` ? "" : piece;
    else if (length > 0 && length + piece.trimEnd().length > COLUMNS) {
      rows.push(row);
      [row, length] = [style, piece.length];
    } else length += piece.length;
    row += piece;
  }
  return [...rows, row];
}

function spans(row: string): string {
  const parts = row.split(STYLE);
  return parts.map((part, i) => {
    if (i % 2 === 1 || part === "") return "";
    const style = i === 0 ? undefined : STYLES[parts[i - 1] ?? ""];
    return style ? `<tspan class="${style}">${escape(part)}</tspan>` : escape(part);
  }).join("");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
