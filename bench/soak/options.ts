/** The command line of `npm run soak`. */
import { parseArgs } from "node:util";
import { UserError } from "../../src/support/user-error.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** Everything that is chosen by chance follows from it. */
  readonly seed: number;
  readonly output: "table" | "json";
  /** File for the series over time, JSON. */
  readonly record: string | undefined;
  /** Only these disturbances; all without it. */
  readonly only: readonly string[] | undefined;
  /** Keep the logs of a run that failed in this folder. */
  readonly keep: string | undefined;
}

export const SOAK_USAGE = `npm run soak -- [--minutes N] [--seed N] [--only NAME,NAME] [--output json] [--record FILE] [--keep FOLDER]

Mixed traffic and churn on a real Sluice beside a real API server, while its parts are killed and starved, for N minutes (60).
Loopback only; everything that is started ends with it. Exit code 1 when a verdict fails.

  --seed N         the seed that an earlier run printed: the same disturbances at the same times
  --only NAMES     these disturbances alone, between commas; "none" for none
  --output json    the whole verdict, not only the table
  --record FILE    memory, descriptors, requests, latency and reloads over time, as JSON
  --keep FOLDER    copy the logs of Sluice there
`;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions | "help" {
  const values = parse(argv);
  if (values.help) return "help";
  if (values.output !== "table" && values.output !== "json") throw new UserError(`--output=${values.output} is not known: use table or json.`);
  return {
    minutes: whole("minutes", values.minutes, 60, 10_000),
    seed: whole("seed", values.seed, 1 + Math.floor(Math.random() * 999_999), 2 ** 31),
    output: values.output,
    record: values.record,
    only: values.only?.split(",").map((name) => name.trim()),
    keep: values.keep,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        minutes: { type: "string" },
        seed: { type: "string" },
        output: { type: "string", default: "table" },
        record: { type: "string" },
        only: { type: "string" },
        keep: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${SOAK_USAGE}`);
  }
}

function whole(name: string, text: string | undefined, standard: number, most: number): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UserError(`--${name}=${text} is not a whole number from 1 to ${most}.`);
}
