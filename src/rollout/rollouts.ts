/**
 * The rollouts of a running Sluice: once a second, what both arms did becomes weights.
 *
 * Guarantees: before `load` has resolved no canary with a rollout has a weight; a release that is taken back is told to `changed` in the tick that finds out;
 * nothing here delays or stops serving.
 */
import type { ArmsRow } from "../../edge/src/arms.ts";
import type { Built } from "../model/model.ts";
import type { Snapshot } from "../source/snapshot.ts";
import type { Log } from "../support/log.ts";
import { createDeclaredRollouts } from "./declared.ts";
import { createKeeper } from "./keeper.ts";
import type { RolloutAction, Told } from "./release.ts";
import type { RolloutStatus } from "./status.ts";
import type { RolloutStore } from "./store.ts";

const TICK_MS = 1000;

/** What the replicas of a cluster do for each other (replicas.ts); absent: this one is alone, and decides. */
export interface Colleagues {
  readonly decides: boolean;
  /** Once a second, where this replica does not decide: what it counted goes to the one that does, and comes back as what canaries get. */
  follow(rows: readonly ArmsRow[]): Promise<readonly RolloutStatus[] | undefined>;
  /** Has the one that decides do what a person asks for. */
  ask(key: string, action: RolloutAction): Promise<RolloutStatus | string | undefined>;
}

export interface RolloutsOptions {
  readonly snapshot: Snapshot;
  readonly store: RolloutStore;
  readonly colleagues?: Colleagues;
  readonly log: Log;
  /** Takes what canaries get now: `namespace/name` of the Ingress → per cent. */
  readonly changed: (weights: ReadonlyMap<string, number>) => void;
  /** Tells people. */
  readonly tell: (key: string, told: Told) => void;
}

export interface Rollouts {
  /** Reads what was kept. To be awaited before the first turn. */
  load(): Promise<ReadonlyMap<string, number>>;
  taken(built: Built): void;
  /** Adds what a worker counted. */
  count(rows: readonly ArmsRow[]): void;
  /** Begins to judge; until `signal` aborts. */
  start(signal: AbortSignal): void;
  statuses(): readonly RolloutStatus[];
  /** Undefined: there is no such rollout. A text: why it cannot be done. */
  act(key: string, action: RolloutAction): Promise<RolloutStatus | string | undefined>;
  close(): Promise<void>;
}

export function createRollouts({ snapshot, store, colleagues, log, changed, tell }: RolloutsOptions): Rollouts {
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
  /** Where another replica decides, what it said last. */
  let heard: readonly RolloutStatus[] = [];
  const own: ArmsRow[] = [];
  const decides = (): boolean => colleagues?.decides ?? true;

  const give = (weights: ReadonlyMap<string, number>): void => {
    const text = JSON.stringify([...weights]);
    if (text === given) return;
    given = text;
    changed(weights);
  };

  const tick = async (): Promise<void> => {
    if (decides()) {
      keeper.count(own.splice(0));
      const news = keeper.tick();
      give(keeper.weights());
      store.save(keeper.kept, news);
      return;
    }
    keeper.drop();
    const said = await colleagues?.follow(own.splice(0));
    if (said) give(new Map((heard = said).map(({ ingress, weight }) => [ingress, weight])));
  };

  return {
    async load() {
      keeper.restore(await store.load());
      const weights = keeper.weights();
      given = JSON.stringify([...weights]);
      return weights;
    },
    taken: (built) => declared.take(built),
    count(rows) {
      own.push(...rows);
    },
    start(signal) {
      let busy = false;
      const timer = setInterval(() => {
        if (busy || (!declared.any && keeper.idle)) return;
        busy = true;
        void tick().finally(() => (busy = false));
      }, TICK_MS).unref();
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    statuses: () => (decides() ? keeper.statuses() : heard),
    async act(key, action) {
      if (!decides()) return await colleagues?.ask(key, action);
      const done = keeper.act(key, action);
      give(keeper.weights());
      store.save(keeper.kept, true);
      return done;
    },
    close: () => store.close(),
  };
}
