/**
 * `npm run bench:instructions`: how many instructions outside the kernel one request costs, in Sluice's nginx and in the
 * nginx of `nginx.conf`, under valgrind's callgrind.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { UserError } from "../src/support/user-error.ts";
import { selfSigned } from "../test/support/openssl.ts";
import type { Counts } from "./instructions/callgrind.ts";
import { send } from "./instructions/load.ts";
import { startBackend, startOurs, startTheirs, type Counted } from "./instructions/proxies.ts";
import { WORKLOADS, type Setting, type Workload } from "./instructions/workloads.ts";

const USAGE = `npm run bench:instructions -- [--workload LIST] [--requests N] [--functions] [--traces FILE]

Counts instructions outside the kernel, for each request (or handshake), of Sluice's nginx and of nginx by hand.
Needs valgrind and h2load. Loopback only.

  --workload LIST  names with commas between them, in the order in which they are asked; one may come twice
                   (${WORKLOADS.map(({ id }) => id).join(", ")})
  --requests N     requests that are counted; of handshakes a twentieth (4000)
  --functions      the functions that differ most, with their calls
  --traces FILE    what LuaJIT's compiler says in Sluice's nginx (jit.v)
`;

interface Options {
  readonly workloads: readonly Workload[];
  readonly requests: number;
  readonly functions: boolean;
  readonly traces: string | undefined;
}

/** @throws UserError for a workload or a number that makes no sense. */
function optionsOf(argv: string[]): Options | "help" {
  const { values } = parseArgs({
    args: argv,
    options: {
      help: { type: "boolean", default: false }, functions: { type: "boolean", default: false }, traces: { type: "string" },
      workload: { type: "string", default: WORKLOADS.map(({ id }) => id).join(",") }, requests: { type: "string", default: "4000" },
    },
  });
  if (values.help) return "help";
  const requests = Number(values.requests);
  if (!Number.isInteger(requests) || requests < 100) throw new UserError(`--requests=${values.requests} is not a whole number from 100.`);
  const workloads = values.workload.split(",").map((id) => {
    const found = WORKLOADS.find((one) => one.id === id);
    if (found === undefined) throw new UserError(`--workload=${id} is not known: use ${WORKLOADS.map((one) => one.id).join(", ")}.`);
    return found;
  });
  return { workloads, requests, functions: values.functions, traces: values.traces };
}

/** Of one request. */
type Cost = Counts;

async function run({ workloads, requests, functions, traces }: Options, dir: string): Promise<void> {
  const certificate = selfSigned(["tls.bench"], "tls.bench");
  const backend = await startBackend(`${dir}/backend`);
  const running = new Map<string, Promise<Counted>>();
  const proxy = (kind: "ours" | "theirs", setting: Setting): Promise<Counted> => {
    const name = `${kind}-${setting}`;
    const begin = (): Promise<Counted> => (kind === "ours" ? startOurs(`${dir}/${name}`, backend.port, certificate, setting, traces) : startTheirs(`${dir}/${name}`, backend.port, certificate, setting));
    const started = running.get(name) ?? begin();
    running.set(name, started);
    return started;
  };
  for (const workload of workloads) {
    const { id, manner, setting, byHand } = workload;
    const count = manner === "handshake" || manner === "resumption" ? Math.ceil(requests / 20) : requests;
    const ours = await costOf(await proxy("ours", setting), workload, count);
    const beside = byHand
      ? await costOf(await proxy("theirs", setting === "measured" ? "quiet" : setting), workload, count)
      : await costOf(await proxy("ours", setting), { ...workload, host: "plain.bench", path: "/" }, count);
    const [a, b] = [ours.instructions, beside.instructions].map((number) => String(Math.round(number)).padStart(8));
    console.log(`${id.padEnd(11)} ${a} ${b}  ${(ours.instructions / beside.instructions).toFixed(3)} × ${byHand ? "nginx by hand" : "plain, the same headers"}`);
    if (functions) console.log(differences(ours, beside).join("\n"));
  }
  for (const one of running.values()) await (await one).end();
  await backend.end();
}

/** Counts twice, for few requests and for many: what a run costs beside its requests is in both, but for what a worker does by the clock. */
async function costOf(at: Counted, workload: Workload, count: number): Promise<Cost> {
  await send(workload, at, count);
  const few = Math.ceil(count / 4);
  await at.take();
  await send(workload, at, few);
  const short = await at.take();
  const begun = performance.now();
  await send(workload, at, few + count);
  const long = await at.take();
  const took = performance.now() - begun;
  // As long as the requests took that only the second run had.
  await sleep((took * count) / (few + count));
  const idle = await at.take();
  const less = (from: Counts["own"], one: Counts["own"], other: Counts["own"]): Map<string, number> =>
    new Map([...from].map(([name, value]) => [name, (value - (one.get(name) ?? 0) - (other.get(name) ?? 0)) / count]));
  return {
    instructions: (long.instructions - short.instructions - idle.instructions) / count,
    own: less(long.own, short.own, idle.own),
    calls: less(long.calls, short.calls, idle.calls),
  };
}

const SHOWN = 40;

/** Difference, ours, beside it, function, and calls of each. */
function differences(ours: Cost, beside: Cost): string[] {
  const rows = [...new Set([...ours.own.keys(), ...beside.own.keys()])].map((name) => {
    const [a, b] = [ours.own.get(name) ?? 0, beside.own.get(name) ?? 0];
    return { name, a, b, calls: `${(ours.calls.get(name) ?? 0).toFixed(2)} and ${(beside.calls.get(name) ?? 0).toFixed(2)} calls` };
  });
  rows.sort((one, other) => Math.abs(other.a - other.b) - Math.abs(one.a - one.b));
  const column = (number: number): string => String(Math.round(number)).padStart(8);
  return rows.slice(0, SHOWN).map(({ name, a, b, calls }) => `${column(a - b)}${column(a)}${column(b)}  ${name}, ${calls}`);
}

const dir = mkdtempSync("/dev/shm/sluice-instructions-");
// The processes that were started end with this one.
process.on("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));
try {
  const options = optionsOf(process.argv.slice(2));
  if (options === "help") process.stdout.write(USAGE);
  else await run(options, dir);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
