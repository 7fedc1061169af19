/**
 * Keeps the releases of all canaries with a rollout: the one place that decides what they get.
 *
 * Contract: `tick` is to be called about once a second by whoever decides (the leader, or the only replica); it takes what all replicas counted since the last
 * one. `weights` never has more for a canary than its release; of one that is not known it has nothing, and the canary gets 0. `kept` is all that has to survive.
 * Nothing here throws for what people declare.
 */
import type { ArmsRow } from "../../edge/src/arms.ts";
import type { GivenWeight } from "../source/objects.ts";
import { addRows, createTotals, type AllCounted, type RolloutTotals } from "./counted.ts";
import type { Random } from "./evidence.ts";
import type { AllDeclared, DeclaredRollouts } from "./declared.ts";
import { act, declare, heldBy, NOTHING_SEEN, observeArms, weightOfRelease, type RolloutAction, type Seen, type Told } from "./release.ts";
import type { Release } from "./shapes.ts";
import type { ArmInterval } from "./rollout.ts";
import { rolloutStatus, type RolloutStatus } from "./status.ts";
import type { Kept } from "./store.ts";

/** The release of a canary that is not declared any more is forgotten after so long: a file may be replaced in two steps. */
const FORGOTTEN_MS = 10 * 60_000;
/** An interval that was longer says little of when in it requests came, and counts as this long. */
const LONGEST_INTERVAL = 10_000;

export interface KeeperOptions {
  readonly declared: DeclaredRollouts;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: Random;
  /** @param key `namespace/name` of the canary's Ingress */
  readonly tell: (key: string, told: Told) => void;
}

export interface Keeper {
  /** Adds what arms did, whoever counted it. */
  count(rows: readonly ArmsRow[]): void;
  /** Judges what was counted since the last tick. True: a release changed otherwise than by its numbers, and is to be kept at once. */
  tick(): boolean;
  /**
   * Judges as `tick` does, for a replica that does not decide while nobody is there who does: a canary that fails is taken back all the same. No release begins
   * or goes a step on. True: one was taken back.
   */
  guard(): boolean;
  /** Undefined: there is no such rollout. A text: why it cannot be done. */
  act(key: string, action: RolloutAction): RolloutStatus | string | undefined;
  /** Takes the place of all that is known. */
  restore(kept: Kept): void;
  readonly kept: Kept;
  /** There is no release. */
  readonly idle: boolean;
  /** Forgets what was counted and not judged: somebody else decides. */
  drop(): void;
  weights(): ReadonlyMap<string, GivenWeight>;
  statuses(): readonly RolloutStatus[];
  /** What was judged of a canary since this process began. */
  totals(key: string): RolloutTotals;
}

const NO_ARM: ArmInterval = { requests: 0, errors: 0, times: {} };

export function createKeeper({ declared, now, random, tell }: KeeperOptions): Keeper {
  const releases = new Map<string, Release>();
  const seen = new Map<string, Seen>();
  const totals = createTotals();
  const absentSince = new Map<string, number>();
  let counted: AllCounted = new Map();
  let last = now();
  let revision = 0;

  const put = (key: string, release: Release, told: readonly Told[]): boolean => {
    const changed = told.length > 0 || weightOfRelease(release) !== weightOrNone(releases.get(key));
    releases.set(key, release);
    for (const one of told) {
      if (one.reason === "RolloutFailed") totals.failed(key);
      tell(key, one);
    }
    // Times go with the sums: a release that is paused has both still.
    if (told.length > 0 && release.sums.primary.requests + release.sums.canary.requests === 0) seen.set(key, NOTHING_SEEN);
    return changed;
  };

  /** Takes in what is declared now, and forgets what is not any more. Adds releases that begin to `begun`. */
  const follow = (all: AllDeclared, begun: Set<string>): boolean => {
    let changed = false;
    for (const [key, one] of all) {
      absentSince.delete(key);
      const { release, told } = declare(releases.get(key), one, now());
      if (told.some(({ reason }) => reason === "RolloutStarted")) begun.add(key);
      if (put(key, release, told)) changed = true;
    }
    for (const key of [...releases.keys()]) {
      if (all.has(key)) continue;
      const since = absentSince.get(key) ?? now();
      absentSince.set(key, since);
      if (now() - since < FORGOTTEN_MS) continue;
      for (const map of [releases, seen, absentSince]) map.delete(key);
      totals.forget(key);
      changed = true;
    }
    return changed;
  };

  /** Judges what was counted; releases that begin now are left out, because it was not of them. True: one changed otherwise than by its numbers. */
  const observe = (held: boolean, begun: ReadonlySet<string>, followed = false): boolean => {
    const milliseconds = Math.min(Math.max(now() - last, 0), LONGEST_INTERVAL);
    last = now();
    const did = counted;
    counted = new Map();
    let changed = followed;
    for (const [key, one] of declared.now()) {
      const before = releases.get(key);
      const arms = did.get(key) ?? { canary: NO_ARM, primary: NO_ARM };
      totals.add(key, arms);
      if (!before || begun.has(key)) continue;
      const interval = { ...arms, milliseconds, held: held || heldBy(before, one) !== undefined };
      const { release, told, seen: more } = observeArms(before, seen.get(key) ?? NOTHING_SEEN, interval, now(), random);
      if (put(key, release, told)) changed = true;
      seen.set(key, more);
    }
    // Numbers that a replica without a word in it has are not newer than what the one that decides notes.
    if (changed || (!held && did.size > 0)) revision++;
    return changed;
  };

  return {
    count: (rows) => void addRows(counted, rows),
    tick() {
      const begun = new Set<string>();
      const changed = follow(declared.now(), begun);
      return observe(false, begun, changed);
    },
    guard: () => observe(true, new Set()),
    act(key, action) {
      const one = declared.now().get(key);
      const before = releases.get(key);
      if (!one || !before) return undefined;
      const changed = act(before, one, action, now());
      if (typeof changed === "string") return changed;
      revision++;
      put(key, changed.release, changed.told);
      return rolloutStatus(key, changed.release, one, seen.get(key) ?? NOTHING_SEEN, now());
    },
    restore(kept) {
      revision = kept.revision;
      releases.clear();
      for (const [key, release] of Object.entries(kept.releases)) releases.set(key, release);
    },
    get kept() {
      return { revision, releases: Object.fromEntries(releases) };
    },
    get idle() {
      return releases.size === 0;
    },
    drop() {
      counted = new Map();
      last = now();
    },
    weights: () => new Map([...releases].map(([key, release]) => [key, { weight: weightOfRelease(release), uid: release.uid, pools: [...new Set(release.canary)] }])),
    totals: (key) => totals.of(key),
    statuses() {
      const all = declared.now();
      return [...releases].flatMap(([key, release]) => {
        const one = all.get(key);
        return one ? [rolloutStatus(key, release, one, seen.get(key) ?? NOTHING_SEEN, now())] : [];
      }).sort((a, b) => (a.ingress < b.ingress ? -1 : 1));
    },
  };
}

function weightOrNone(release: Release | undefined): number {
  return release ? weightOfRelease(release) : 0;
}
