/**
 * Log lines: one sentence and its fields. Text for people, with the time unless they sit at the terminal; JSON lines
 * (pino) for machines.
 *
 * Guarantee: values of fields cannot break a line or colour a terminal: control characters are escaped.
 */
import pino from "pino";
import { printable } from "./text.ts";

export { printable } from "./text.ts";

export type Level = "debug" | "info" | "warn" | "error";
export type Log = (level: Level, message: string, fields?: Record<string, unknown>) => void;

const RANK: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOUR: Record<Level, string> = { debug: "2", info: "36", warn: "33", error: "31" };

/** A log that writes to standard error, so that a command's output stays apart. */
export function createLog(options: { level: Level; output: "text" | "json" }): Log {
  if (options.output === "json") {
    const output = pino.destination({ dest: 2, sync: true });
    // A log that cannot be written, because its disk is full or its reader went away, is no reason to stop serving.
    output.on("error", () => {});
    const formatters = { level: (level: string) => ({ level }) };
    const logger = pino({ level: options.level, formatters, timestamp: pino.stdTimeFunctions.isoTime }, output);
    return (level, message, fields) => logger[level](fields ?? {}, message);
  }
  const { isTTY } = process.stderr;
  const colours = isTTY && !process.env["NO_COLOR"];
  return (level, message, fields) => {
    if (RANK[level] < RANK[options.level]) return;
    const name = colours ? `\u001b[${COLOUR[level]}m${level.padEnd(5)}\u001b[0m` : level.padEnd(5);
    const time = isTTY ? "" : `${new Date().toISOString()} `;
    process.stderr.write(`${time}${name} ${printable(message)}${fieldText(fields)}\n`);
  };
}

function fieldText(fields: Record<string, unknown> | undefined): string {
  if (!fields) return "";
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  return pairs.map(([key, value]) => ` ${key}=${printable(typeof value === "string" ? value : JSON.stringify(value))}`).join("");
}
