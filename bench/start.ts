/**
 * What a start costs: short commands to their end, and `sluice run` with one Ingress until /readyz says 200, from the sources and
 * from the build, beside `node -e 0`.
 *
 *     npm run bench:start                  11 rounds
 *     npm run bench:start -- 31
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UserError } from "../src/support/user-error.ts";
import { site } from "../test/support/manifests.ts";
import { freePorts, ROOT, writeFiles } from "../test/support/sluice.ts";
import { runCommand } from "./command.ts";
import { readFlags, whole } from "./command-line.ts";
import { interrupted, untilEnd } from "./ending.ts";
import { inFolder } from "./in-folder.ts";
import { describeMachine } from "./machine.ts";
import { childrenOf, cpuMicros } from "./processes.ts";
import { sayer } from "./say.ts";
import { median } from "./statistics.ts";

const READY_MS = 30_000;
const LOOK_MS = 3;
/** The first start of each case fills Node's cache. */
const UNCOUNTED = 1;

interface Cost {
  readonly wallMs: number;
  /** Processor time, user and system, of all processes that are there at the end. */
  readonly cpuMs: number;
}

interface StartCase {
  readonly name: string;
  readonly words: readonly string[];
}

const USAGE = `npm run bench:start -- [ROUNDS]

Measures what a start costs: short commands to their end, and "sluice run" with one Ingress until it is ready, from the sources and from
a new build, beside "node -e 0". ROUNDS is 11 if not given. Loopback only.
`;

interface Options {
  readonly rounds: number;
}

function parse(argv: readonly string[]): Options | "help" {
  const { values, positionals: [rounds, ...more] } = readFlags("bench:start", argv, {}, true);
  if (values.help) return "help";
  if (more.length > 0) throw new UserError(`There is one number of rounds: leave ${more.join(" ")} out`);
  return { rounds: whole("", rounds, 11, 1000) };
}

const examples = join(ROOT, "examples");

const COMMANDS: readonly StartCase[] = [
  { name: "sluice --version", words: ["--version"] },
  { name: "sluice --help", words: ["--help"] },
  { name: "sluice explain, the walk-through", words: ["explain", "http://tomcat.lucky.com/", `--manifests=${examples}`] },
  { name: "sluice check, the walk-through", words: ["check", examples] },
  { name: "sluice get routes, the walk-through", words: ["get", "routes", `--manifests=${examples}`] },
  { name: "sluice agent --help", words: ["agent", "--help"] },
];

type Starter = readonly [name: string, command: (words: readonly string[]) => readonly string[], env: NodeJS.ProcessEnv];

/** How a command line is started: by bin/sluice from the build, or as it does from the sources; with Node's cache or without. */
const startersIn = (folder: string): readonly Starter[] => [
  ["built", (words) => [join(ROOT, "bin/sluice"), ...words], { XDG_CACHE_HOME: join(folder, "cache") }],
  ["built, no cache", (words) => [join(ROOT, "bin/sluice"), ...words], { NODE_COMPILE_CACHE: "" }],
  ["sources", (words) => [process.execPath, "--max-semi-space-size=8", join(ROOT, "src/main.ts"), ...words], { NODE_COMPILE_CACHE: join(folder, "sources") }],
];

/** Runs a command to its end. bash knows what its children used to the microsecond. */
function costOf(command: readonly string[], env: NodeJS.ProcessEnv): Cost {
  const { stderr } = spawnSync("bash", ["-c", 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1', "bash", ...command], { encoding: "utf8", env: { ...process.env, ...env } });
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split(" ").map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}

/** Starts Sluice with one Ingress, waits until it is ready, and ends it. */
async function readyCost(folder: string, command: readonly string[], env: NodeJS.ProcessEnv): Promise<Cost> {
  const runtimeDir = mkdtempSync(join(folder, "run-"));
  const [http, https, health] = await freePorts(3);
  const words = ["run", `--manifests=${join(folder, "one")}`, "--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${health}`, "--healthz-host=127.0.0.1", `--runtime-dir=${runtimeDir}/r`];
  chmodSync(runtimeDir, 0o755);
  const begun = performance.now();
  const [file = "", ...rest] = [...command, ...words];
  const child = spawn(file, rest, { stdio: "ignore", env: { ...process.env, ...env } });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    rmSync(runtimeDir, { recursive: true, force: true });
  };
  await untilEnd(Promise.resolve({ stop }));
  try {
    while (!(await isReady(health))) {
      if (child.exitCode !== null || performance.now() - begun > READY_MS) throw new Error(`"${command.join(" ")} run" does not become ready`);
      await sleep(LOOK_MS);
    }
    return { wallMs: performance.now() - begun, cpuMs: cpuMicros(processesOf(child.pid ?? 0, `${runtimeDir}/r`)) / 1000 };
  } finally {
    await stop();
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ port, host: "127.0.0.1", path: "/readyz", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", () => resolve(false));
  });
}

/** The controller, its agent, nginx's master and its workers. */
function processesOf(controller: number, runtimeDir: string): number[] {
  const pidIn = (name: string): number => (JSON.parse(readFileSync(`${runtimeDir}/${name}`, "utf8")) as { readonly pid: number }).pid;
  const master = pidIn("nginx-master.json");
  return [controller, pidIn("agent.lock"), master, ...childrenOf(master)];
}

/** How many files a start reads as code, and how large they are. */
function loadedBy(folder: string, main: string, words: readonly string[]): { readonly files: number; readonly kib: number } {
  const list = join(folder, "loaded");
  writeFileSync(list, "");
  spawnSync(process.execPath, ["--import", join(ROOT, "test/support/loaded.ts"), join(ROOT, main), ...words], { env: { ...process.env, LOADED: list } });
  const files = [...new Set(readFileSync(list, "utf8").trimEnd().split("\n"))].filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url));
  return { files: files.length, kib: Math.round(files.reduce((sum, file) => sum + statSync(file).size, 0) / 1024) };
}

const say = sayer("bench:start");

interface MeasuredRow {
  readonly name: string;
  readonly starter: string;
  readonly cost: () => Cost | Promise<Cost>;
  readonly costs: Cost[];
}

async function measure(folder: string, rounds: number): Promise<MeasuredRow[]> {
  const starters = startersIn(folder);
  const rows: MeasuredRow[] = [
    { name: "node -e 0", starter: "", cost: () => costOf([process.execPath, "-e", "0"], {}), costs: [] },
    ...COMMANDS.flatMap(({ name, words }) => starters.map(([starter, command, env]) => ({ name, starter, cost: () => costOf(command(words), env), costs: [] }))),
    ...starters.map(([starter, command, env]) => ({ name: "sluice run, one Ingress, until ready", starter, cost: () => readyCost(folder, command([]), env), costs: [] })),
  ];
  for (let round = 0; round < rounds + UNCOUNTED; round++) {
    say(round < UNCOUNTED ? "warming up" : `round ${round - UNCOUNTED + 1} of ${rounds}`);
    // In another order each time: what runs before leaves the processor's caches warm.
    for (const row of round % 2 === 0 ? rows : rows.toReversed()) {
      const cost = await row.cost();
      if (round >= UNCOUNTED) row.costs.push(cost);
      // A signal is noticed between two commands, which are waited for without looking.
      await sleep(0);
      interrupted.throwIfAborted();
    }
  }
  return rows;
}

async function run({ rounds }: Options, folder: string): Promise<void> {
  writeFiles(join(folder, "one"), { "site.yaml": site({ name: "web", host: "shop.example", endpoints: ["127.0.0.1:9"] }) });
  say("building the command line");
  // Always: bin/sluice runs the sources where they are newer than the build.
  execFileSync(process.execPath, [join(ROOT, "scripts/build-command.ts")], { stdio: ["ignore", "ignore", "inherit"] });
  const rows = await measure(folder, rounds);
  const [node] = rows;
  const { processor, processors, load } = describeMachine();
  console.log(`${processor}, ${processors} processors, load ${load.toFixed(1)}, Node ${process.versions.node}; medians of ${rounds} rounds\n`);
  console.log("| | from | ms | processor ms | × node -e 0 |\n|---|---|---|---|---|");
  for (const { name, starter, costs } of rows) {
    const ratios = costs.map(({ wallMs }, round) => wallMs / (node?.costs[round]?.wallMs ?? NaN));
    console.log(`| ${name} | ${starter} | ${median(costs.map(({ wallMs }) => wallMs)).toFixed(0)} | ${median(costs.map(({ cpuMs }) => cpuMs)).toFixed(0)} | ${median(ratios).toFixed(1)} |`);
  }
  console.log("\n| | files of the sources | KiB | files of the build | KiB |\n|---|---|---|---|---|");
  for (const { name, words } of COMMANDS) {
    const [sources, built] = [loadedBy(folder, "src/main.ts", words), loadedBy(folder, "bin/build/main.cjs", words)];
    console.log(`| ${name} | ${sources.files} | ${sources.kib} | ${built.files} | ${built.kib} |`);
  }
}

await runCommand({
  name: "bench:start", usage: USAGE, parse, needs: () => ["nginx", "bash"],
  run: async (options) => await inFolder(async (dir) => await run(options, dir)),
});
