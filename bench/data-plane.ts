/**
 * The data plane: processor time per request of Sluice and its rivals, in rounds that take turns.
 *
 * Each proxy has one worker on one processor, the load and the backend share another one, so that all see the same
 * neighbours and the same clock. A ratio is the median over the rounds of the ratio within a round: what slows the
 * machine down for a while slows both sides down.
 */
import { ask } from "../test/support/client.ts";
import { interrupted } from "./ending.ts";
import { makeLoad, type Load } from "./load.ts";
import type { BenchOptions } from "./options.ts";
import { cpuMicros } from "./processes.ts";
import type { FoundRival } from "./rivals/find.ts";
import type { Target } from "./rivals/start.ts";
import { stopSluices } from "./sluices.ts";
import type { Sample } from "./samples.ts";
import { median } from "./statistics.ts";
import { NO_PROXY, SLUICE, startStage, type MemoryAt, type Stage } from "./targets.ts";
import { chooseWorkloads, WORKLOADS, type Workload } from "./workloads.ts";

/** What no goal is about is measured in one of so many rounds. */
const EVERY = 3;
/** Requests a second of the paced load, and the seconds of each of its turns. */
export const PACED = { rate: 2000, seconds: 2, turns: 3 } as const;

/** One workload with one proxy. */
interface Case {
  readonly workload: Workload;
  readonly proxy: string;
  /** Proxies of the same kind, one per round in turn. */
  readonly targets: readonly Target[];
}

/** Latency at a fixed rate: the median of several turns. */
export interface Paced {
  readonly workload: string;
  readonly proxy: string;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  readonly failed: number;
  /** Share (0…1) of the requests that were sent more than a millisecond late: with many, the latencies are the load's own. */
  readonly late: number;
}

export interface DataPlane {
  readonly samples: readonly Sample[];
  readonly paced: readonly Paced[];
  readonly memory: readonly MemoryAt[];
  /** What was not measured, and why; sentences. */
  readonly remarks: readonly string[];
  /** Reloads of all Sluices while requests were measured: must stay 0. */
  readonly reloads: number;
}

export async function measureDataPlane(dir: string, options: BenchOptions, rivals: readonly FoundRival[], say: (text: string) => void): Promise<DataPlane> {
  const workloads = chooseWorkloads(options.workloads, options.quick);
  try {
    const stage = await startStage(dir, workloads, rivals, say);
    const all = workloads.flatMap((workload) => [SLUICE, ...rivals.map(({ name }) => name)].flatMap((proxy) => {
      const targets = stage.targetsOf(proxy, workload);
      return targets.length === 0 ? [] : [{ workload, proxy, targets }];
    }));
    const headers = await sessions(all);
    const loadOf = (one: Case, target: Target): Load => ({
      ...one.workload.load, port: one.workload.load.protocol === "http" ? target.http : target.https, seconds: options.seconds,
      headers: [...(one.workload.load.headers ?? []), ...(headers.get(`${one.workload.id} ${target.http}`) ?? [])],
    });
    const silent = await warmUp(all, loadOf, say);
    const cases = all.filter((one) => !silent.includes(one));
    const before = await reloadsOf(stage);
    const remarks = [...stage.unlike, ...silent.map(({ workload, proxy }) => `${proxy} answered none of the requests of the workload ${workload.id}; it is not measured there.`)];
    const samples = await rounds(cases, loadOf, options, (text) => {
      remarks.push(text);
      say(text);
    }, say);
    const bare = workloads.filter(({ id }) => id === "plain").map((workload): Case => ({ workload, proxy: NO_PROXY, targets: [stage.backend] }));
    const paced = options.quick ? [] : await pacedTurns([...cases, ...bare], loadOf, say);
    return { samples, paced, memory: stage.memory, remarks, reloads: (await reloadsOf(stage)) - before };
  } finally {
    await stopSluices();
  }
}

/** What a target gets to answer anything at all, when the first second was not enough. */
const PATIENCE = 4;

/** Asks every target once for as long as a measurement takes. Gives the cases of rivals that answered nothing. @throws Error when Sluice did not. */
async function warmUp(cases: readonly Case[], loadOf: LoadOf, say: (text: string) => void): Promise<Case[]> {
  say(`warming up ${cases.length} cases`);
  const silent: Case[] = [];
  for (const workload of new Set(cases.map((one) => one.workload))) {
    const together = cases.filter((one) => one.workload === workload);
    await Promise.all(together.map(async (one) => {
      const answers = async (target: Target, longer = 1): Promise<boolean> => {
        const load = loadOf(one, target);
        // A load that does not end has warmed up all the same.
        const { requests, failed } = await makeLoad({ ...load, seconds: load.seconds * longer }).catch(() => ({ requests: 0, failed: 0 }));
        return requests > failed;
      };
      const answering = await Promise.all(one.targets.map(async (target) => (await answers(target)) || (await answers(target, PATIENCE))));
      if (answering.every(Boolean)) return;
      if (one.proxy === SLUICE) throw new Error(`Sluice answers no request of the workload ${workload.id}`);
      silent.push(one);
    }));
  }
  return silent;
}

async function reloadsOf({ sluices }: Stage): Promise<number> {
  const generations = await Promise.all(sluices.map((sluice) => sluice.generation()));
  return generations.reduce((sum, { reloads }) => sum + reloads, 0);
}

/** `workload port` → the header by which a client goes on with the session that its first answer gave it. */
async function sessions(cases: readonly Case[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const { workload, targets } of cases) {
    for (const { http } of workload.session ? targets : []) {
      const { headers } = await ask({ port: http, host: workload.load.host });
      const [pair = ""] = (headers["set-cookie"] ?? "").split(";");
      found.set(`${workload.id} ${http}`, [`cookie: ${pair}`]);
    }
  }
  return found;
}

type LoadOf = (one: Case, target: Target) => Load;

async function rounds(cases: readonly Case[], loadOf: LoadOf, options: BenchOptions, remark: (text: string) => void, say: (text: string) => void): Promise<Sample[]> {
  const samples: Sample[] = [];
  // When few are asked for, each is measured in every round.
  const always = options.quick || options.workloads !== undefined;
  for (let round = 0; round < options.rounds; round++) {
    // All proxies of a workload together: ratios are within a round.
    const due = cases.filter((one) => always || isNamed(one) || round % EVERY === WORKLOADS.indexOf(one.workload) % EVERY);
    say(`round ${round + 1} of ${options.rounds}: ${due.length} cases`);
    for (const one of inAnyOrder(due)) {
      try {
        samples.push(await measure(one, always ? round : Math.floor(round / EVERY), loadOf, round));
      } catch (error) {
        interrupted.throwIfAborted();
        // Rarely h2load does not end. One measurement less is better than none at all: ratios are of rounds that have both sides.
        remark(`${one.workload.id} with ${one.proxy} is left out of round ${round + 1}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
      }
    }
  }
  return samples;
}

/** Whether a goal is about it. */
function isNamed({ workload: { goal }, proxy }: Case): boolean {
  return goal !== undefined && (proxy === SLUICE || proxy === goal);
}

/** In another order each time, so that no case always comes after the same one; but the proxies of a workload one after the other, under the same neighbours. */
function inAnyOrder(cases: readonly Case[]): Case[] {
  const workloads = shuffled([...new Set(cases.map(({ workload }) => workload))]);
  return workloads.flatMap((workload) => shuffled(cases.filter((one) => one.workload === workload)));
}

function shuffled<T>(all: readonly T[]): T[] {
  const drawn = all.map((one) => ({ one, at: Math.random() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ one }) => one);
}

async function measure(one: Case, turn: number, loadOf: LoadOf, round: number): Promise<Sample> {
  const target = one.targets[turn % one.targets.length] as Target;
  const load = loadOf(one, target);
  const before = cpuMicros(target.workers);
  const { requests, perSecond, p50Micros, p99Micros, failed } = await makeLoad(load);
  const used = cpuMicros(target.workers) - before;
  return { workload: one.workload.id, proxy: one.proxy, round, requests, microsPerRequest: used / Math.max(1, requests), perSecond, p50Micros, p99Micros, failed };
}

/** Asks at a fixed rate that each proxy can bear, in turns. */
async function pacedTurns(cases: readonly Case[], loadOf: LoadOf, say: (text: string) => void): Promise<Paced[]> {
  const due = cases.filter(({ workload }) => workload.paced);
  say(`at ${PACED.rate} requests a second: ${due.length} cases`);
  const turns = new Map<Case, Omit<Paced, "workload" | "proxy">[]>(due.map((one) => [one, []]));
  for (let turn = 0; turn < PACED.turns; turn++) {
    for (const one of inAnyOrder(due)) {
      const load = loadOf(one, one.targets[turn % one.targets.length] as Target);
      const loaded = await makeLoad({ ...load, tool: "paced", rate: PACED.rate, seconds: PACED.seconds });
      turns.get(one)?.push({ ...loaded, late: loaded.late / (PACED.rate * PACED.seconds) });
    }
  }
  return due.map((one) => {
    const all = turns.get(one) ?? [];
    const middle = (pick: (turn: (typeof all)[number]) => number): number => median(all.map(pick));
    return {
      workload: one.workload.id, proxy: one.proxy, p50Micros: middle((turn) => turn.p50Micros), p99Micros: middle((turn) => turn.p99Micros),
      p999Micros: middle((turn) => turn.p999Micros), failed: all.reduce((sum, { failed }) => sum + failed, 0),
      late: middle((turn) => turn.late),
    };
  });
}
