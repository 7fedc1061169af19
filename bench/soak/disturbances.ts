/** What is done to the Sluice under test. Each resolves when everything is as before, and rejects when it did not come back. */
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, signal, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import type { Random } from "../../test/support/random.ts";
import { clientsOf, kill, killWorker } from "./census.ts";
import type { Gap } from "./excuses.ts";
import { clockMissing, fillDisk, type UnderTest } from "./under-test.ts";

export const DISTURBANCES = [
  "worker", "master", "agent", "controller", "agent-and-master", "worker-without-controller", "api-server", "watches-cut", "disk-full", "clock", "stuck-worker",
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

export const DISTURBANCE_WORDS: Readonly<Record<Disturbance, string>> = {
  "worker": "a worker killed",
  "master": "nginx's master killed",
  "agent": "the agent killed",
  "controller": "the controller killed, another started",
  "agent-and-master": "agent and master killed at once",
  "worker-without-controller": "a worker killed while there was no controller",
  "api-server": "API server and etcd restarted, with another CA",
  "watches-cut": "all watches cut",
  "disk-full": "disk full, and a worker killed meanwhile",
  "clock": "clock stepped two hours on, and back, reloads after each",
  "stuck-worker": "a worker stopped (SIGSTOP) until it was ended",
};

interface Hand {
  readonly test: UnderTest;
  readonly random: Random;
  /** Milliseconds that a lasting disturbance lasts. */
  readonly holdMs: number;
  /** Makes a change that needs a reload; resolves when it is live. */
  readonly reload: () => Promise<void>;
}

const RECOVERY_MS = 60_000;
/** A stuck worker is ended half a minute after its last word, which it says each five seconds. */
const STUCK_MS = 90_000;
const STEP_SECONDS = 7200;
/** libfaketime looks each second which time it is. */
const CLOCK_READ_MS = 2000;
/** A run shorter than that has no time to wait until a stuck worker is ended. */
const STUCK_MINUTES = 5;

/** Why a disturbance cannot be made in this run; undefined: it can. */
export function leftOut(kind: Disturbance, minutes: number, ownDisk: boolean): string | undefined {
  if (kind === "clock") return clockMissing;
  if (kind === "disk-full" && !ownDisk) return "the runtime folder cannot have a filesystem of its own without root";
  if (kind === "stuck-worker" && minutes < STUCK_MINUTES) return `takes half a minute, in runs of ${STUCK_MINUTES} minutes or more`;
  return undefined;
}

const ACTIONS: { readonly [Kind in Disturbance]: (hand: Hand) => Promise<void> } = {
  async "worker"({ test, random }) {
    await loseWorker(test, random);
    await test.recovered(RECOVERY_MS);
  },
  async "master"({ test }) {
    const master = required(test.census.master(), "master");
    const replaced = async (): Promise<void> => {
      await kill(master);
      await until("a new master", () => (test.census.master()?.pid ?? master.pid) !== master.pid);
      await test.recovered(RECOVERY_MS);
    };
    await (test.agentHasSockets ? replaced() : gap(test, "no listener", replaced));
  },
  async "agent"({ test }) {
    const agent = required(test.census.agent(), "agent");
    await kill(agent);
    test.agentHasSockets = false;
    await until("a new agent", () => (test.census.agent()?.pid ?? agent.pid) !== agent.pid);
    await test.recovered(RECOVERY_MS);
  },
  async "controller"({ test, random }) {
    await killController(test);
    await sleep(random.below(4000));
    await test.startController();
    await test.recovered(RECOVERY_MS);
  },
  async "agent-and-master"({ test }) {
    const [agent, master] = [required(test.census.agent(), "agent"), required(test.census.master(), "master")];
    await gap(test, "no listener", async () => {
      process.kill(agent.pid, "SIGKILL");
      await kill(master);
      test.agentHasSockets = true;
      await until("a new master", () => (test.census.master()?.pid ?? master.pid) !== master.pid);
      await test.recovered(RECOVERY_MS);
    });
  },
  async "worker-without-controller"({ test, random }) {
    await killController(test);
    const master = required(test.census.master(), "master");
    await loseWorker(test, random);
    await until("the killed worker's successor", () => test.census.workers().length === 2 && isAlive(master));
    await sleep(random.below(2000));
    await test.startController();
    await test.recovered(RECOVERY_MS);
  },
  async "api-server"({ test }) {
    const back = (): number => test.sluice().log().split("answers again").length;
    const before = back();
    await test.cluster.restart();
    // Sluice tries again at most ten seconds apart.
    await until("Sluice to find the API server again", () => back() > before);
    await test.recovered(RECOVERY_MS);
  },
  async "watches-cut"({ test }) {
    test.cluster.gate.cut();
    await test.recovered(RECOVERY_MS);
  },
  async "disk-full"({ test, random, holdMs }) {
    await gap(test, "disk full", async () => {
      const free = fillDisk(test.disk);
      try {
        await sleep(holdMs / 2);
        await loseWorker(test, random);
        await sleep(holdMs / 2);
      } finally {
        free();
      }
      await test.recovered(RECOVERY_MS);
    });
  },
  async "clock"({ test, holdMs, reload }) {
    test.stepClock?.(STEP_SECONDS);
    await sleep(holdMs);
    await reload();
    await test.recovered(RECOVERY_MS);
    test.stepClock?.(0);
    await sleep(CLOCK_READ_MS);
    // What waits for a moment of the clock before would now wait for two hours.
    await reload();
    await reload();
    await test.recovered(RECOVERY_MS);
  },
  async "stuck-worker"({ test, random }) {
    const victim = random.pick(test.census.workers());
    const from = performance.now();
    signal(victim, "SIGSTOP");
    await until("the worker to be stopped", () => stat(victim.pid)?.state === "T");
    const ports = clientsOf(victim.pid, [test.http, test.https]);
    // Noted now with an open end: clients give up before the worker is ended.
    const death = { pid: victim.pid, from, at: Infinity, ports };
    test.deaths.push(death);
    try {
      await until("the stuck worker to be ended", () => !isAlive(victim), STUCK_MS);
    } finally {
      signal(victim, "SIGCONT");
      death.at = performance.now();
    }
    await test.recovered(RECOVERY_MS);
  },
};

export async function disturb(kind: Disturbance, hand: Hand): Promise<void> {
  try {
    await ACTIONS[kind](hand);
  } finally {
    // What comes next shall not suffer from what went wrong here.
    if (!hand.test.alive()) await hand.test.startController();
  }
}

async function loseWorker(test: UnderTest, random: Random): Promise<void> {
  test.deaths.push(await killWorker(random.pick(test.census.workers()), [test.http, test.https]));
}

async function killController(test: UnderTest): Promise<void> {
  const child = test.sluice().process;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function gap(test: UnderTest, what: Gap["what"], during: () => Promise<void>): Promise<void> {
  const open = { what, from: performance.now(), until: Infinity };
  test.gaps.push(open);
  try {
    await during();
  } finally {
    open.until = performance.now();
  }
}

function required(found: ProcessIdentity | undefined, what: string): ProcessIdentity {
  if (!found) throw new Error(`there is no ${what} to be killed`);
  return found;
}

async function until(what: string, holds: () => boolean, limitMs = RECOVERY_MS): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not in ${limitMs / 1000} s`);
    await sleep(20);
  }
}
