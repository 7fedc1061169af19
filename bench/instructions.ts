/**
 * `npm run bench:instructions`: how many instructions outside the kernel one request costs, in Sluice's nginx and in the
 * nginx by hand of `rivals/nginx.ts`, under valgrind's callgrind.
 */
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { selfSigned } from "../test/support/openssl.ts";
import { runCommand } from "./command.ts";
import { chosen, readFlags, whole } from "./command-line.ts";
import { untilEnd } from "./ending.ts";
import { inFolder } from "./in-folder.ts";
import type { Counts } from "./instructions/callgrind.ts";
import { send } from "./instructions/load.ts";
import { endCounted, startBackend, startOurs, startTheirs, type Counted } from "./instructions/proxies.ts";
import { WORKLOADS, type Setting, type Workload } from "./instructions/workloads.ts";
import { sayer } from "./say.ts";
import { needFolder } from "./tools.ts";

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

const FLAGS = { functions: { type: "boolean", default: false }, traces: { type: "string" }, workload: { type: "string" }, requests: { type: "string" } } as const;
/** A run of fewer would count mostly what a worker does beside them. */
const FEWEST = 100;

function parse(argv: readonly string[]): Options | "help" {
  const { values } = readFlags("bench:instructions", argv, FLAGS);
  if (values.help) return "help";
  const ids = values.workload === undefined ? undefined : chosen("workload", values.workload, WORKLOADS.map(({ id }) => id), "workload");
  return {
    workloads: ids === undefined ? WORKLOADS : ids.flatMap((id) => WORKLOADS.find((one) => one.id === id) ?? []),
    requests: whole("requests", values.requests, 4000, 1_000_000, FEWEST), functions: values.functions, traces: values.traces,
  };
}

const say = sayer("bench:instructions");

/** Of one request. */
type Cost = Counts;

async function run({ workloads, requests, functions, traces }: Options, dir: string): Promise<void> {
  await untilEnd(Promise.resolve({ stop: endCounted }));
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
  for (const [i, workload] of workloads.entries()) {
    say(`${workload.id}, ${i + 1} of ${workloads.length}`);
    const { id, manner, setting, byHand } = workload;
    const count = manner === "handshake" || manner === "resumed" ? Math.ceil(requests / 20) : requests;
    const ours = await costOf(await proxy("ours", setting), workload, count);
    const beside = byHand
      ? await costOf(await proxy("theirs", setting === "measured" ? "quiet" : setting), workload, count)
      : await costOf(await proxy("ours", setting), { ...workload, host: "plain.bench", path: "/" }, count);
    const [a, b] = [ours.instructions, beside.instructions].map((number) => String(Math.round(number)).padStart(8));
    console.log(`${id.padEnd(11)} ${a} ${b}  ${(ours.instructions / beside.instructions).toFixed(3)} × ${byHand ? "nginx by hand" : "plain, the same headers"}`);
    if (functions) console.log(differences(ours, beside).join("\n"));
  }
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

await runCommand({
  name: "bench:instructions", usage: USAGE, parse,
  needs({ traces: file }) {
    if (file !== undefined) needFolder("traces", dirname(file));
    return ["nginx", "valgrind", "callgrind_control", "h2load", "openssl"];
  },
  run: async (options) => await inFolder(async (dir) => await run(options, dir)),
});
