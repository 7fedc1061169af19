/**
 * Prometheus' text format, for what is too much to go through prom-client: thousands of series, written piece by piece
 * so that a scrape never keeps the controller from its work.
 */

/** `a="1",b="2"`, in the order given; values may be any text. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(",");
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n") : value;
}

export function heading(name: string, type: "counter" | "gauge" | "histogram", help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** As Go writes it, and with it ingress-nginx: `0.005`, `100000`, `1e+06`. */
export function numberText(value: number): string {
  if (value < 1e6) return String(value);
  return value.toExponential().replace(/\+(\d)$/, "+0$1");
}

/** Characters, and milliseconds, after which others may work. */
const PIECE = 64 * 1024;
const TURN_MS = 5;

/** Joins lines to pieces, and lets the event loop turn between two of them. */
export async function* inPieces(lines: Iterable<string>): AsyncGenerator<string> {
  let piece = "";
  let begun = performance.now();
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE && performance.now() - begun < TURN_MS) continue;
    yield piece;
    piece = "";
    await new Promise(setImmediate);
    begun = performance.now();
  }
  if (piece !== "") yield piece;
}
