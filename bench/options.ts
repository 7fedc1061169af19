/** The command line of `npm run bench`. */
import { fileURLToPath } from "node:url";
import { UserError } from "../src/support/user-error.ts";
import { choice, readFlags, whole } from "./command-line.ts";
import { adapterNames, type Wanted } from "./rivals/find.ts";
import { chooseWorkloads, WORKLOADS } from "./workloads.ts";

/** Where results are kept. */
const RESULTS = fileURLToPath(new URL("results/", import.meta.url));

export interface BenchOptions {
  readonly output: "table" | "json";
  readonly quick: boolean;
  /** The folder for pictures and their numbers; undefined: none are written. */
  readonly results: string | undefined;
  /** Which half to run; both when neither is named. */
  readonly parts: ReadonlySet<"data" | "control">;
  /** Workloads of the data plane by name; undefined: all of them. */
  readonly workloads: readonly string[] | undefined;
  readonly rivals: Wanted;
  /** Measurements of each case of the data plane, and their length in seconds. */
  readonly rounds: number;
  readonly seconds: number;
  /** Changes per case of the control plane. */
  readonly changes: number;
  /** Hosts of the large cluster. */
  readonly many: number;
}

export function usage(): string {
  return `npm run bench -- [--quick] [--plot] [--output json] [--only data|control] [--workload NAME,…]
                 [--rival NAME=/path/to/binary]… [--against NAME,…] [--results FOLDER] [--rounds N] [--seconds N] [--changes N]

Compares Sluice with nginx written by hand, with HAProxy, with Caddy and with what else is named, on this machine, and
measures how long changes take. Loopback only; everything that is started ends with it.

  --quick            under two minutes: few workloads, few rounds
  --plot             write pictures and the numbers behind them to bench/results/
  --results FOLDER   the same to another folder, of part of a run, too
  --output json      every measurement, not only the tables
  --only PART        data (requests) or control (changes)
  --workload NAMES   some workloads of requests alone; implies --only data
  --rival NAME=PATH  compare with this proxy, too: ${adapterNames().join(", ")}; or bench/rivals/NAME.ts of your own
  --against NAMES    compare with these proxies alone, instead of nginx, haproxy, caddy
  --rounds N         rounds of requests; workloads that no goal is about are in every third
  --seconds N        length of each measurement
  --changes N        changes of each kind

Examples:
  npm run bench -- --workload plain --against nginx --rounds 20     one question, within two minutes
  npm run bench -- --workload plain,https --rival traefik=/usr/local/bin/traefik
  npm run bench -- --only data --plot

Workloads: ${WORKLOADS.map(({ id }) => id).join(", ")}
`;
}

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseOptions(argv: readonly string[]): BenchOptions | "help" {
  const { values } = readFlags("bench", argv, FLAGS);
  if (values.help) return "help";
  const { quick } = values;
  const only = values.only === undefined ? undefined : choice("only", values.only, ["data", "control"], "names no part of the benchmark");
  const output = choice("output", values.output, ["table", "json"]);
  const workloads = words(values.workload);
  if (workloads) chooseWorkloads(workloads, quick);
  if (workloads && only === "control") throw new UserError("--workload chooses among requests, and --only=control measures none: leave one of them out");
  // What is kept in the project is of whole runs.
  if (values.plot && (workloads || quick)) throw new UserError("--plot draws a whole run: leave --quick and --workload out, or name a folder of your own with --results FOLDER");
  return {
    output,
    quick,
    results: values.results ?? (values.plot ? RESULTS : undefined),
    parts: new Set(workloads ? (["data"] as const) : only === undefined ? (["data", "control"] as const) : [only]),
    workloads,
    rivals: { named: namedRivals(values.rival ?? []), against: words(values.against) },
    rounds: whole("rounds", values.rounds, quick ? 3 : 9, 1000),
    seconds: whole("seconds", values.seconds, 1, 1000),
    changes: whole("changes", values.changes, quick ? 20 : 150, 1000),
    many: 10_000,
  };
}

const FLAGS = {
  quick: { type: "boolean", default: false },
  plot: { type: "boolean", default: false },
  results: { type: "string" },
  output: { type: "string", default: "table" },
  only: { type: "string" },
  workload: { type: "string", multiple: true },
  rival: { type: "string", multiple: true },
  against: { type: "string", multiple: true },
  rounds: { type: "string" },
  seconds: { type: "string" },
  changes: { type: "string" },
} as const;

function words(given: readonly string[] | undefined): readonly string[] | undefined {
  return given?.flatMap((text) => text.split(",")).map((word) => word.trim()).filter(Boolean);
}

/** `NAME=PATH`, or `NAME` for the one in PATH. */
function namedRivals(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(given.map((text) => {
    const at = text.indexOf("=");
    if (text === "" || at === 0) throw new UserError(`--rival=${text} has no name: write NAME=/path/to/binary, as in traefik=/usr/local/bin/traefik`);
    return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  }));
}
