/** A terminal on which a picture is drawn anew in the place of the one before. */
import { columnsOf } from "./terminal.ts";

export interface ScreenSize {
  /** Columns of a line. */
  readonly width: number;
  /** Lines in all. */
  readonly height: number;
}

/** Gives the lines of a picture, which has room in this size. */
type Drawing = (size: ScreenSize) => readonly string[];

const HOME = "\u001b[H";
const CLEAR = "\u001b[2J";
const TO_END_OF_LINE = "\u001b[K";
const TO_END_OF_SCREEN = "\u001b[J";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
/** Of a terminal that does not say its size. */
const USUAL = { columns: 80, rows: 24 };
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Draws on standard output, and anew when the terminal's size changes. The cursor is hidden until the process ends. */
export function createScreen(): (drawing: Drawing) => void {
  const { stdout } = process;
  let last: Drawing | undefined;
  const draw = (drawing: Drawing): void => {
    if (!last) begin();
    last = drawing;
    // The last line is left to the cursor.
    const drawn = drawing({ width: columnsOf(stdout) ?? USUAL.columns, height: (stdout.rows || USUAL.rows) - 1 });
    stdout.write(`${HOME}${drawn.map((line) => `${line}${TO_END_OF_LINE}\n`).join("")}${TO_END_OF_SCREEN}`);
  };
  const begin = (): void => {
    stdout.write(`${HIDE_CURSOR}${CLEAR}`);
    process.once("exit", () => stdout.write(SHOW_CURSOR));
    // The signal ends the process as it would have without us.
    for (const signal of SIGNALS) process.once(signal, () => {
      stdout.write(SHOW_CURSOR);
      process.kill(process.pid, signal);
    });
    stdout.on("resize", () => {
      if (!last) return;
      stdout.write(CLEAR);
      draw(last);
    });
  };
  return draw;
}
