/**
 * `npm run bench:size`: what grows with the number of hosts, and how: start, memory, changes, questions, scrapes and lists,
 * side by side for some sizes, from files and from an API server.
 *
 * Everything runs on loopback, is bounded in time and is ended at the end. It exits with 0 whatever the numbers are.
 */
import { runCommand } from "../command.ts";
import { choice, readFlags, whole, wholes } from "../command-line.ts";
import { inFolder } from "../in-folder.ts";
import { describeMachine } from "../machine.ts";
import { machineLine, table } from "../report.ts";
import { startBackend } from "../backend.ts";
import { sayer } from "../say.ts";
import { quantile } from "../statistics.ts";
import { measureSize, TURN_PHASES, type Measured, type SizeOrigin } from "./measure.ts";

const USAGE = `npm run bench:size -- [--hosts 1000,10000,100000] [--origin files|api] [--changes N] [--output json]

Starts Sluice with so many Ingresses, Services and EndpointSlices, and a certificate for every fifth, from files and from
an API server, and measures what grows with their number. 100,000 hosts take some minutes and 3 GiB.

  --hosts LIST     numbers of hosts, measured side by side (1000,10000,100000)
  --origin NAME    files or api (both)
  --changes N      changes of each kind (100)
  --output json    every measurement, not only the table
`;

interface SizeOptions {
  readonly hosts: readonly number[];
  readonly origins: readonly SizeOrigin[];
  readonly changes: number;
  readonly json: boolean;
}

const FLAGS = { hosts: { type: "string" }, origin: { type: "string" }, changes: { type: "string" }, output: { type: "string", default: "table" } } as const;

function parseSizeOptions(argv: readonly string[]): SizeOptions | "help" {
  const { values } = readFlags("bench:size", argv, FLAGS);
  if (values.help) return "help";
  const origin = values.origin === undefined ? undefined : choice("origin", values.origin, ["files", "api"]);
  return {
    hosts: wholes("hosts", values.hosts, [1000, 10_000, 100_000], 1_000_000),
    origins: origin === undefined ? ["files", "API server"] : [origin === "files" ? "files" : "API server"],
    changes: whole("changes", values.changes, 100, 1000),
    json: choice("output", values.output, ["table", "json"]) === "json",
  };
}

type Figure = (measured: Measured) => string;

const ms = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
const mib = (value: number): string => value.toFixed(0);
const both = (values: readonly number[]): string => `${ms(quantile(values, 0.5))} / ${ms(quantile(values, 0.99))}`;

/** What is measured, how it is shown, and what is asked of 100,000 hosts; "": it is for information. */
const ROWS: readonly (readonly [what: string, figure: Figure, asked: string])[] = [
  ["start → ready, s", ({ readyMillis }) => (readyMillis / 1000).toFixed(1), "20 from files, 30 from an API server"],
  ["processor time of controller and agent for it, s", ({ readyCpuMillis }) => (readyCpuMillis / 1000).toFixed(1), ""],
  ["controller when ready (most until then), MiB", ({ controller }) => `${mib(controller.resident)} (${mib(controller.peak)})`, "800"],
  ["… live objects (buffers), MiB", ({ controller }) => `${mib(controller.live)} (${mib(controller.external)})`, ""],
  ["agent when ready (most until then), MiB", ({ agent }) => `${mib(agent.resident)} (${mib(agent.peak)})`, "80"],
  ["… live objects (buffers), MiB", ({ agent }) => `${mib(agent.live)} (${mib(agent.external)})`, ""],
  ["worker, MiB", ({ workerMiB }) => mib(workerMiB), "260"],
  ["Ingress added → live, p50 / p99, ms", ({ added }) => both(added), ""],
  ["endpoint changed → live, p50 / p99, ms", ({ moved }) => both(moved), ""],
  ["admission answer, p50 / p99, ms", ({ admission }) => both(admission), ""],
  ["scrape, p50, ms (MiB)", ({ scrapes, scrapeMiB }) => `${ms(quantile(scrapes, 0.5))} (${scrapeMiB.toFixed(1)})`, ""],
  ["everything read anew, s", ({ relistMillis }) => (relistMillis / 1000).toFixed(2), ""],
  ...TURN_PHASES.map((phase): (typeof ROWS)[number] => [`longest turn of the event loop: ${phase}, ms`, ({ turns }) => ms(turns[phase]), phase === "start" ? "" : "50"]),
  ["reloads of nginx", ({ reloads }) => String(reloads), "0"],
];

function tableOf(all: readonly Measured[]): string[] {
  const head = ["", ...all.map(({ origin, hosts }) => `${origin}, ${hosts.toLocaleString("en")}`), "goal, for 100,000"];
  return table([head, ...ROWS.map(([what, figure, asked]) => [what, ...all.map(figure), asked])]);
}

const say = sayer("bench:size");

async function run(options: SizeOptions, dir: string): Promise<void> {
  const machine = describeMachine();
  const backend = await startBackend(`${dir}/backend`);
  const all: Measured[] = [];
  say("warming up: the first start compiles everything");
  await measureSize({ dir, backend, changes: 1, say }, "files", 10);
  for (const origin of options.origins) {
    for (const hosts of options.hosts) all.push(await measureSize({ dir, backend, changes: options.changes, say }, origin, hosts));
  }
  const text = options.json ? JSON.stringify({ machine, measured: all }, null, 2) : [...tableOf(all), "", machineLine(machine)].join("\n");
  process.stdout.write(`${text}\n`);
}

await runCommand({
  name: "bench:size", usage: USAGE, parse: parseSizeOptions, needs: () => ["nginx", "taskset", "openssl"],
  run: async (options) => await inFolder(async (dir) => await run(options, dir)),
});
