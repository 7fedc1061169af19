/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { UserError } from "../src/support/user-error.ts";

export interface BenchOptions {
  readonly output: "table" | "json";
  readonly quick: boolean;
  /** Which half to run; both when neither is named. */
  readonly parts: ReadonlySet<"data" | "control">;
  /** Measurements of each case of the data plane, and their length in seconds. */
  readonly rounds: number;
  readonly seconds: number;
  /** Connections of the load generator. */
  readonly connections: number;
  /** Changes per case of the control plane. */
  readonly changes: number;
  /** Hosts of the large cluster. */
  readonly many: number;
}

export const USAGE = `npm run bench -- [--quick] [--output json] [--only data|control] [--rounds N] [--seconds N] [--changes N]

Compares Sluice with nginx written by hand and with HAProxy on this machine, and measures how long changes take.
Loopback only; everything that is started ends with it.

  --quick          under a minute: fewer rounds, fewer cases
  --output json    every measurement, not only the table
  --only PART      data (requests) or control (changes)
`;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseOptions(argv: readonly string[]): BenchOptions | "help" {
  const { values } = parse(argv);
  if (values.help) return "help";
  const quick = values.quick;
  const only = values.only;
  if (only !== undefined && only !== "data" && only !== "control") {
    throw new UserError(`--only=${only} names no part of the benchmark: use data or control.`);
  }
  if (values.output !== "table" && values.output !== "json") {
    throw new UserError(`--output=${values.output} is not known: use table or json.`);
  }
  return {
    output: values.output,
    quick,
    parts: new Set(only === undefined ? (["data", "control"] as const) : [only]),
    rounds: whole("rounds", values.rounds, quick ? 3 : 20),
    seconds: whole("seconds", values.seconds, 1),
    connections: 64,
    changes: whole("changes", values.changes, quick ? 20 : 150),
    many: 10_000,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        output: { type: "string", default: "table" },
        only: { type: "string" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        changes: { type: "string" },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function whole(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new UserError(`--${name}=${text} is not a whole number from 1 to 1000.`);
}
