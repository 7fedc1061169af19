/** One soak, from the first object to the last verdict. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../test/support/cluster.ts";
import { runCommand } from "../../test/support/command.ts";
import { createRandom } from "../../test/support/random.ts";
import { startBackends } from "./backends.ts";
import { clientsOf } from "./census.ts";
import type { Change } from "./change.ts";
import { startChurn } from "./churn.ts";
import { disturb, DISTURBANCE_WORDS, DISTURBANCES, leftOut, type Disturbance } from "./disturbances.ts";
import { judge } from "./excuses.ts";
import { startNotes, type Note } from "./notes.ts";
import type { SoakOptions } from "./options.ts";
import { isQuiet, schedule } from "./schedule.ts";
import { startSeries, type Sample, type Series } from "./series.ts";
import { makeSite, NAMESPACE, pathOf } from "./site.ts";
import { startTraffic } from "./traffic/traffic.ts";
import { startUnderTest, type UnderTest } from "./under-test.ts";
import { changeRows, info, lifeRows, outcomeRows, requestRows, within, zero, type Outcome, type VerdictRow } from "./verdict.ts";
import { endRows, ruleRows } from "./verdict-end.ts";

export interface SoakInput {
  readonly options: SoakOptions;
  readonly cluster: Cluster;
  /** A folder for the runtime folder; with `ownDisk` a filesystem of its own. */
  readonly disk: string;
  readonly ownDisk: boolean;
  readonly say: (text: string) => void;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

export interface SoakResult {
  readonly rows: readonly VerdictRow[];
  /** The first of what was lost or wrong, in words. */
  readonly problems: readonly string[];
  readonly leftOut: readonly string[];
  /** What was done, with its seconds since the start. */
  readonly events: readonly { readonly at: number; readonly kind: string; readonly seconds: number }[];
  readonly samples: readonly Sample[];
}

const SECOND = 1000;
/** A sixth of the run, ten minutes at most: longer ones would hold old workers beyond their bound. */
const socketSeconds = (minutes: number): number => Math.min(600, 10 * minutes);
const HOLD_MS = { least: 3000, most: 20_000 };

export async function runSoak(input: SoakInput): Promise<SoakResult> {
  const { options, cluster, disk, ownDisk, say } = input;
  const { minutes, seed } = options;
  const kinds = DISTURBANCES.filter((kind) => (options.only ?? DISTURBANCES).includes(kind));
  const missing = new Map(kinds.flatMap((kind) => {
    const why = leftOut(kind, minutes, ownDisk);
    return why === undefined ? [] : [[kind, why] as const];
  }));
  for (const [kind, why] of missing) say(`LEFT OUT: ${DISTURBANCE_WORDS[kind]}: ${why}`);
  const backends = await startBackends();
  const site = makeSite(backends);
  await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  for (const object of site.objects) await cluster.ask("POST", pathOf(object), object);
  const test = await startUnderTest(cluster, disk, kinds.includes("clock"));
  const notes = startNotes();
  const { http, https } = test;
  const series = startSeries(test.census, notes, test.runtimeDir, test.live, test.reloads);
  const state: State = { input, test, notes, series, outcomes: [], events: [], begun: performance.now(), under: undefined };
  const random = createRandom(seed);
  const plan = schedule(minutes, kinds.filter((kind) => !missing.has(kind)), random);
  const churn = await startChurn({
    cluster, site, http, https, random: createRandom(seed + 1000), disturbed: () => state.under !== undefined,
    quiet: () => isQuiet(minutes, secondsOf(state)), pauseMs: 700, reloadMs: Math.min(120, 10 * minutes) * SECOND,
  });
  const traffic = startTraffic({ http, https, site, notes }, seed, socketSeconds(minutes));
  const ticks = setInterval(() => void tick(state, churn.changes), Math.min(5, minutes) * SECOND);
  try {
    for (const { kind, at } of plan) await keepAppointment(state, { kind, at }, { test, random, holdMs: Math.min(HOLD_MS.most, HOLD_MS.least * minutes), reload: churn.reload });
    await restUntil(state, 60 * minutes);
    await churn.stop();
    await traffic.stop();
    await churn.close();
    clearInterval(ticks);
    // There is no verdict on what a signal of the terminal has ended beside this process.
    input.signal.throwIfAborted();
    const left = await untilQuiet(test);
    const judged = judge(notes.failures, test.deaths, test.gaps);
    const rows = [
      ...requestRows(notes, judged),
      ...ruleRows(site, traffic.counts, plan.length),
      ...changeRows(churn.changes),
      ...outcomeRows(state.outcomes),
      ...lifeRows(series.samples),
      ...boundRows(series),
      zero("connections and old workers left 15 s after the traffic", left),
      ...(await endRows(test, options.keep)),
    ];
    return { rows, problems: problemsOf(state, judged.lost, churn.changes), leftOut: [...missing].map(([kind, why]) => `${DISTURBANCE_WORDS[kind]}: ${why}`), events: state.events, samples: series.samples };
  } finally {
    clearInterval(ticks);
    // A run that failed may have no controller, which would end the rest.
    if (!test.alive()) await runCommand(["stop", `--runtime-dir=${test.runtimeDir}`]);
    await test.sluice().stop();
    await backends.close();
  }
}

interface State {
  readonly input: SoakInput;
  readonly test: UnderTest;
  readonly notes: ReturnType<typeof startNotes>;
  readonly series: Series;
  readonly outcomes: Outcome[];
  readonly events: { at: number; kind: string; seconds: number }[];
  readonly begun: number;
  /** The disturbance that is under way. */
  under: Disturbance | undefined;
}

const secondsOf = (state: State): number => (performance.now() - state.begun) / SECOND;

async function restUntil(state: State, second: number): Promise<void> {
  while (secondsOf(state) < second && !state.input.signal.aborted) await sleep(100);
}

async function keepAppointment(state: State, { kind, at }: { readonly kind: Disturbance; readonly at: number }, hand: Parameters<typeof disturb>[1]): Promise<void> {
  const { input } = state;
  await restUntil(state, at);
  if (input.signal.aborted) return;
  const words = DISTURBANCE_WORDS[kind];
  const begun = secondsOf(state);
  input.say(`${clock(begun)} ${words}`);
  state.under = kind;
  let problem: string | undefined;
  try {
    await disturb(kind, hand);
  } catch (error) {
    problem = (error as Error).message;
    input.say(`${clock(secondsOf(state))} ${words}: ${problem}`);
  }
  state.under = undefined;
  const seconds = secondsOf(state) - begun;
  state.outcomes.push({ kind: words, seconds, ...(problem === undefined ? {} : { problem }) });
  state.events.push({ at: begun, kind, seconds });
}

let told = -Infinity;

async function tick(state: State, changes: readonly Change[]): Promise<void> {
  await state.test.countReloads();
  const sample = state.series.take();
  if (sample.at - told < 9.5) return;
  told = sample.at;
  const { notes, test, input } = state;
  const { lost } = judge(notes.failures, test.deaths, test.gaps);
  const memory = (role: string): string => sample.processes.filter((one) => one.role === role && one.current).map((one) => one.residentMiB.toFixed(0)).join("+");
  input.say([
    `${clock(sample.at)} of ${clock(60 * input.options.minutes)}`, `${sample.requestsPerSecond.toFixed(0)} requests/s`,
    `p99 ${sample.p99Ms?.toFixed(1) ?? "–"} ms`, `${notes.requests()} requests`, `${notes.failures.length - lost.length} excused`, `${lost.length} LOST`,
    `${changes.length} changes`, `MiB: controller ${memory("controller")}, agent ${memory("agent")}, workers ${memory("worker")}`,
    `${sample.processes.length} processes`, `${sample.reloads} reloads`,
  ].join(", "));
}

function clock(seconds: number): string {
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** Waits until no client is connected and all old workers have left, for 15 s; gives how many of both remain. */
async function untilQuiet(test: UnderTest): Promise<number> {
  for (let tries = 0; ; tries++) {
    const members = test.census.members().filter(({ role }) => role === "worker");
    const old = members.filter(({ current }) => !current).length;
    const beyond = Math.max(0, members.length - old - 2);
    const connected = members.reduce((sum, { pid }) => sum + clientsOf(pid, [test.http, test.https]).size, 0);
    if (old + beyond + connected === 0 || tries >= 30) return old + beyond + connected;
    await sleep(500);
  }
}

/** V8 gives memory back in steps of tens of MiB, so this bounds what the line of live memory does not see: what leaks outside of its heap. */
const MOST_RESIDENT_MIB = 256;

/** Bounds that hold at every moment. */
function boundRows({ samples }: Series): VerdictRow[] {
  const most = (pick: (sample: Sample) => number): number => Math.max(0, ...samples.map(pick));
  const last = samples.at(-1);
  return [
    // Two workers, eight old generations of two, a master and the one before it, controller and agent.
    within("processes at the same time", most(({ processes }) => processes.length), 22, ""),
    within("memory of the controller, resident, at most", most(({ processes }) => Math.max(0, ...processes.filter(({ role }) => role === "controller").map(({ residentMiB }) => residentMiB))), MOST_RESIDENT_MIB, "MiB"),
    within("files in the runtime folder, at most", most(({ folderBytes }) => folderBytes) / 2 ** 20, 300, "MiB"),
    info("memory at the end, with what is shared", (last?.processes ?? []).map(({ role, residentMiB }) => `${role} ${residentMiB.toFixed(0)}`).join(", ") + " MiB"),
    info("reloads of nginx", String(last?.reloads ?? 0)),
  ];
}

const MOST_TOLD = 20;

function problemsOf(state: State, lost: readonly Note[], changes: readonly Change[]): string[] {
  const when = (ms: number): string => clock((ms - state.begun) / SECOND);
  return [
    ...lost.slice(0, MOST_TOLD).map((note) => `${when(note.begun)} to ${when(note.ended)} ${note.kind}${note.port === undefined ? "" : ` from port ${note.port}`}: ${note.problem}`),
    ...changes.filter(({ ms }) => ms === undefined).slice(0, MOST_TOLD).map(({ what, last }) => `not live in time: ${what}: ${last}`),
    ...state.outcomes.flatMap(({ kind, problem }) => (problem === undefined ? [] : [`${kind}: ${problem}`])),
  ];
}
