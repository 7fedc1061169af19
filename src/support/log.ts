/**
 * Log lines: one sentence and its fields. Text for people, with the time unless the log goes to a terminal; JSON lines
 * (pino) for machines. As text, a message with a heading has two lines: the heading, which names the object and the place,
 * and the sentence below it.
 *
 * Guarantee: values of fields cannot break a line or colour a terminal: control characters are escaped.
 */
import { pino as loadPino } from "./packages.ts";
import { painterFor, type Paint } from "./terminal.ts";
import { printable } from "./text.ts";

export { printable } from "./text.ts";

export type Level = "debug" | "info" | "warn" | "error";
export type Log = (level: Level, message: string, fields?: Record<string, unknown>, heading?: Heading) => void;

/** A line of its own above the message, which stands in place of the fields in text for people. */
export interface Heading {
  readonly subject: string;
  /** The code of what is said, and where it was found; parts that are empty are left out. */
  readonly details: readonly string[];
}

const RANK: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOUR = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;

const NAME_WIDTH = 5;

/** A log that writes to standard error, so that a command's output stays apart. */
export function createLog(options: { level: Level; output: "text" | "json" }): Log {
  if (options.output === "json") {
    const { default: pino } = loadPino();
    const output = pino.destination({ dest: 2, sync: true });
    // A log that cannot be written, because its disk is full or its reader went away, is no reason to stop serving.
    output.on("error", () => {});
    const formatters = { level: (level: string) => ({ level }) };
    const logger = pino({ level: options.level, formatters, timestamp: pino.stdTimeFunctions.isoTime }, output);
    return (level, message, fields) => logger[level](fields ?? {}, message);
  }
  const { isTTY } = process.stderr;
  const paint = painterFor(process.stderr);
  return (level, message, fields, heading) => {
    if (RANK[level] < RANK[options.level]) return;
    const time = isTTY ? "" : `${new Date().toISOString()} `;
    const name = paint(COLOUR[level], level.padEnd(NAME_WIDTH));
    const lines = heading ? [headline(heading, paint), `${" ".repeat(time.length + NAME_WIDTH)} ${printable(message)}`] : [printable(message) + fieldText(fields)];
    process.stderr.write(`${time}${name} ${lines.join("\n")}\n`);
  };
}

function headline({ subject, details }: Heading, paint: Paint): string {
  const rest = details.filter((one) => one !== "").map(printable).join(", ");
  return paint("bold", printable(subject)) + (rest === "" ? "" : paint("dim", `: ${rest}`));
}

function fieldText(fields: Record<string, unknown> | undefined): string {
  if (!fields) return "";
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  return pairs.map(([key, value]) => ` ${key}=${printable(typeof value === "string" ? value : JSON.stringify(value))}`).join("");
}
