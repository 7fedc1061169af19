/**
 * The rollouts of a running Sluice: once a second, what both arms did becomes weights.
 *
 * Guarantees: before `load` has resolved no canary with a rollout has a weight; a release that is taken back is told to `changed` in the tick that finds out;
 * nothing here delays or stops serving.
 */
import type { ArmsRow } from "../../edge/src/arms.ts";
import type { Built } from "../model/model.ts";
import type { GivenWeight } from "../source/objects.ts";
import type { Snapshot } from "../source/snapshot.ts";
import type { Log } from "../support/log.ts";
import type { RolloutTotals } from "./counted.ts";
import { createDeclaredRollouts } from "./declared.ts";
import { createKeeper } from "./keeper.ts";
import type { RolloutAction, Told } from "./release.ts";
import type { AskedAction, FromLeader } from "./replicas.ts";
import type { RolloutStatus } from "./status.ts";
import { readKept, textOfKept, type Kept, type RolloutStore } from "./store.ts";
import type { Team, TeamOptions } from "./team.ts";

const TICK_MS = 1000;

export interface RolloutsOptions {
  readonly snapshot: Snapshot;
  /** Where releases are kept; in a cluster, what the team says. */
  readonly store: RolloutStore;
  /** Makes this replica one of several; absent: it is alone, and decides. */
  readonly join?: (mine: TeamMember) => Team;
  readonly log: Log;
  /** Takes what canaries get now: by `namespace/name` of the Ingress. */
  readonly changed: (weights: ReadonlyMap<string, GivenWeight>) => void;
  /** Tells people. */
  readonly tell: (key: string, told: Told) => void;
}

/** What a replica offers its team. */
export type TeamMember = Pick<TeamOptions, "count" | "act" | "state" | "kept" | "take">;

export interface Rollouts {
  /** Undefined: this replica is alone. */
  readonly team: Team | undefined;
  /** Reads what was kept. To be awaited before the first turn. */
  load(): Promise<ReadonlyMap<string, GivenWeight>>;
  taken(built: Built): void;
  /** Adds what a worker counted. */
  count(rows: readonly ArmsRow[]): void;
  /** Begins to judge; until `signal` aborts. */
  start(signal: AbortSignal): void;
  statuses(): readonly RolloutStatus[];
  /** Of the replica that decides, so that no request is in the numbers of two. */
  figures(): readonly { readonly status: RolloutStatus; readonly totals: RolloutTotals }[];
  /** Undefined: there is no such rollout. A text: why it cannot be done. */
  act(key: string, action: RolloutAction): Promise<RolloutStatus | string | undefined>;
  close(): Promise<void>;
}

export function createRollouts({ snapshot, store: own, join, log, changed, tell }: RolloutsOptions): Rollouts {
  const declared = createDeclaredRollouts(snapshot);
  const keeper = createKeeper({
    declared,
    now: Date.now,
    random: Math.random,
    tell(key, told) {
      log(told.reason === "RolloutFailed" ? "warn" : "info", told.message, { rollout: key });
      tell(key, told);
    },
  });
  let given = "";
  /** What workers counted since the last tick. */
  const counted: ArmsRow[] = [];
  /** What the replica that decides said last; undefined: nothing, or it does not answer any more. */
  let heard: readonly RolloutStatus[] | undefined;

  const give = (weights: ReadonlyMap<string, GivenWeight>): void => {
    const text = JSON.stringify([...weights]);
    if (text === given) return;
    given = text;
    changed(weights);
  };
  const take = (kept: Kept): void => {
    keeper.restore(kept);
    give(keeper.weights());
  };
  const actHere = async (key: string, action: RolloutAction): Promise<RolloutStatus | string | undefined> => {
    const done = keeper.act(key, action);
    give(keeper.weights());
    // Whoever was told that it is done must not find it undone after a crash.
    await store.save(keeper.kept, true);
    return done;
  };
  const textOnce = rememberText();
  const team = join?.({
    count: (rows) => keeper.count(rows),
    act: actHere,
    state: () => ({ kept: textOnce(keeper.kept), statuses: keeper.statuses() }),
    kept: () => (declared.any || !keeper.idle ? keeper.kept : undefined),
    take,
  });
  const store = team?.store ?? own;
  const decides = (): boolean => team?.decides ?? true;

  const tellNow = async (asked?: AskedAction): Promise<FromLeader | undefined> => {
    const rows = counted.splice(0);
    const answer = await team?.tell(rows, asked);
    heard = answer?.statuses;
    if (!answer) {
      // Nobody decides who could be told: a canary that fails here is taken back here.
      keeper.count(rows);
      keeper.guard();
      give(keeper.weights());
      return undefined;
    }
    keeper.drop();
    // Meanwhile this replica may have been elected, and then it knows better.
    if (!decides()) take(readKept(answer.kept));
    return answer;
  };

  // What comes in another order than it was sent counts as sent again.
  const tellTeam = inTurn(tellNow);

  const tick = async (): Promise<void> => {
    if (!decides()) return void (await tellTeam());
    heard = undefined;
    keeper.count(counted.splice(0));
    const news = keeper.tick();
    give(keeper.weights());
    void store.save(keeper.kept, news);
  };

  return {
    team,
    async load() {
      keeper.restore(await store.load());
      for (const { ingress, status, weight, step, steps } of keeper.statuses()) log("info", `a release goes on: ${status} at ${weight} % (step ${step} of ${steps.length})`, { rollout: ingress });
      const weights = keeper.weights();
      given = JSON.stringify([...weights]);
      return weights;
    },
    taken: (built) => declared.take(built),
    count(rows) {
      counted.push(...rows);
    },
    start(signal) {
      let busy = false;
      const timer = setInterval(() => {
        if (busy || (!declared.any && keeper.idle)) return void (counted.length = 0);
        busy = true;
        void tick().catch((error: Error) => log("error", `releases cannot be judged: ${error.message}`)).finally(() => (busy = false));
      }, TICK_MS).unref();
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    statuses: () => heard ?? keeper.statuses(),
    figures: () => (decides() ? keeper.statuses().map((status) => ({ status, totals: keeper.totals(status.ingress) })) : []),
    async act(key, action) {
      if (decides()) return await actHere(key, action);
      const answer = await tellTeam({ key, action });
      return answer ? (answer.done ?? undefined) : "the replica that leads does not answer: try again in a moment";
    },
    async close() {
      await team?.leave();
      await store.close();
    },
  };
}

/** The text of a state, made once however many replicas ask for it. */
function rememberText(): (kept: Kept) => string {
  let last = { revision: -1, text: "" };
  return (kept) => {
    if (last.revision !== kept.revision) last = { revision: kept.revision, text: textOfKept(kept) };
    return last.text;
  };
}

/** The work once for each call, one after the other. */
function inTurn<Asked, Done>(work: (asked?: Asked) => Promise<Done>): (asked?: Asked) => Promise<Done> {
  let last: Promise<unknown> = Promise.resolve();
  return (asked) => {
    const done = last.then(() => work(asked));
    last = done.catch(() => {});
    return done;
  };
}
