/** The command line of `npm run soak`. */
import { choice, chosen, readFlags, whole } from "../command-line.ts";
import { DISTURBANCES, type Disturbance } from "./disturbances.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** Everything that is chosen by chance follows from it. */
  readonly seed: number;
  readonly output: "table" | "json";
  /** Keep the picture of memory over time with the other results. */
  readonly plot: boolean;
  /** File for the series over time, JSON. */
  readonly record: string | undefined;
  /** Only these disturbances; all without it. */
  readonly only: readonly Disturbance[] | undefined;
  /** Keep the logs of a run that failed in this folder. */
  readonly keep: string | undefined;
}

export const SOAK_USAGE = `npm run soak -- [--minutes N] [--seed N] [--only NAME,NAME] [--output json] [--plot] [--record FILE] [--keep FOLDER]

Mixed traffic and churn on a real Sluice beside a real API server, while its parts are killed and starved, for N minutes (60).
Loopback only; everything that is started ends with it. Exit code 1 when a verdict fails.

  --seed N         the seed that an earlier run printed: the same disturbances at the same times
  --only NAMES     these disturbances alone, between commas; "none" for none
                   (${DISTURBANCES.join(", ")})
  --output json    the whole verdict, not only the table
  --plot           draw memory over time to bench/results/soak.svg
  --record FILE    memory, descriptors, requests, latency and reloads over time, as JSON
  --keep FOLDER    copy the logs of Sluice there
`;

const FLAGS = {
  minutes: { type: "string" },
  seed: { type: "string" },
  output: { type: "string", default: "table" },
  plot: { type: "boolean", default: false },
  record: { type: "string" },
  only: { type: "string" },
  keep: { type: "string" },
} as const;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions | "help" {
  const { values } = readFlags("soak", argv, FLAGS);
  if (values.help) return "help";
  return {
    minutes: whole("minutes", values.minutes, 60, 10_000),
    seed: whole("seed", values.seed, 1 + Math.floor(Math.random() * 999_999), 2 ** 31),
    output: choice("output", values.output, ["table", "json"]),
    plot: values.plot,
    record: values.record,
    only: values.only === undefined ? undefined : chosen("only", values.only, [...DISTURBANCES, "none"], "disturbance").filter((name) => name !== "none"),
    keep: values.keep,
  };
}
