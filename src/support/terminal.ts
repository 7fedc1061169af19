/**
 * What a terminal shows: colours, and lines that it has room for.
 *
 * Guarantee: colours and controls go to terminals alone, unless FORCE_COLOR asks for colours elsewhere.
 */
import { styleText } from "node:util";

/** Gives the text with its style, or as it is where there are no colours. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

type Output = Pick<NodeJS.WriteStream, "isTTY" | "columns">;

/** Colours for what is written to this stream, or none. */
export function painterFor(stream: Output): Paint {
  return takesColours(stream) ? coloured : plain;
}

export const plain: Paint = (_style, text) => text;
export const coloured: Paint = (style, text) => (text === "" ? "" : styleText(style, text, { validateStream: false }));

/** NO_COLOR (no-color.org) wins over FORCE_COLOR (force-color.org, and 0 as Node has it), and both win over what the stream is. */
function takesColours(stream: Output): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isScreen(stream);
}

/** Whether the stream leads to a terminal that understands colours and controls. */
export function isScreen({ isTTY }: Output): boolean {
  return isTTY && process.env["TERM"] !== "dumb";
}

/** Characters of a line: COLUMNS, else those of the terminal; undefined: as many as it takes. */
export function columnsOf({ isTTY, columns }: Output): number | undefined {
  const given = Number(process.env["COLUMNS"]);
  if (Number.isInteger(given) && given > 0) return given;
  // A terminal without a size says 0.
  return isTTY && columns > 0 ? columns : undefined;
}

/** The beginning of a text that is too long, with a mark at its end. */
export function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/**
 * Widths of columns that fit beside each other: the widest of those that may be cut gives way first, down to `narrowest`.
 * @param gap characters between two columns. @param mayBeCut by index.
 */
export function fittingWidths(natural: readonly number[], width: number, { gap, narrowest, mayBeCut }: { gap: number; narrowest: number; mayBeCut: (index: number) => boolean }): readonly number[] {
  const widths = [...natural];
  const shown = widths.filter((own) => own > 0);
  let over = shown.reduce((sum, own) => sum + own + gap, -gap) - width;
  for (; over > 0; over--) {
    const widest = widths.reduce((best, own, index) => (mayBeCut(index) && own > narrowest && own > (widths[best] ?? 0) ? index : best), -1);
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
