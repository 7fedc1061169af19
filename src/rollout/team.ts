/** One of several replicas: whether it decides about releases, and how it and the one that decides hear of each other. */
import type { ArmsRow } from "../../edge/src/arms.ts";
import type { Finding } from "../model/findings/findings.ts";
import { teamFindings } from "./findings.ts";
import { LEADER_NOTE, packKept, readLeader, readPacked, STATE_NOTE, type LeaderNote, type LeaseNotes } from "./lease-notes.ts";
import { createFollowerSide, createLeaderSide, newKey, type AskedAction, type FromLeader, type LeaderSideOptions } from "./replicas.ts";
import { NOTHING_KEPT, type Kept, type RolloutStore } from "./store.ts";

/** Between two looks at the Lease of a leader that does not answer. */
const LOOK_MS = 2000;

export interface TeamOptions extends LeaderSideOptions {
  /** Name of this replica, which no other has. */
  readonly replica: string;
  /** Where others reach this replica; undefined: nowhere. */
  readonly url: string | undefined;
  readonly leads: () => boolean;
  /** Reads the Lease; rejects when it cannot be read. */
  readonly readLease: (signal: AbortSignal) => Promise<LeaseNotes>;
  /** Writes the Lease, or looks at it, without waiting for its time. */
  readonly hurry: () => void;
  /** What is kept now; undefined: there is no rollout, and nothing to be noted. */
  readonly kept: () => Kept | undefined;
  /** Takes what another replica kept. */
  readonly take: (kept: Kept) => void;
  readonly log: (sentence: string) => void;
  /** Called when `findings` changed. */
  readonly found: () => void;
}

export interface Team {
  readonly decides: boolean;
  /** The Lease as the place where releases are kept. */
  readonly store: RolloutStore;
  /** What is noted on the Lease. @param leads whether this replica has led without a break since `before` was read */
  notes(before: LeaseNotes, leads: boolean): LeaseNotes;
  /** Another replica's Lease was read. */
  noted(notes: LeaseNotes): void;
  /** Tells the one that decides. Undefined: it was not to be had; then `findings` say why. */
  tell(rows: readonly ArmsRow[], asked?: AskedAction): Promise<FromLeader | undefined>;
  /** Answers another replica; undefined: nobody who may ask. */
  hear(body: string, signature: string): Promise<{ readonly body: string; readonly signature: string } | undefined>;
  findings(): readonly Finding[];
  leave(): Promise<void>;
}

const START_MS = 5000;

export function createTeam(options: TeamOptions): Team {
  const { replica, url, leads, readLease, hurry, kept, take, log, found } = options;
  const leaderSide = createLeaderSide(options);
  const followerSide = createFollowerSide(replica);
  let key = newKey();
  let leader: LeaderNote | undefined;
  let problem: string | undefined;
  let looked = -Infinity;
  let silent = "";

  const say = (now: string | undefined): void => {
    if (now === problem) return;
    problem = now;
    found();
  };
  /** Takes the state of the Lease, if this replica has none that is newer. */
  const takeNoted = (notes: LeaseNotes): void => {
    const packed = notes[STATE_NOTE];
    if (packed === undefined) return;
    try {
      const theirs = readPacked(packed);
      if (theirs.revision >= (kept()?.revision ?? 0)) take(theirs);
    } catch (error) {
      log(`the releases noted on the Lease cannot be read (${(error as Error).message}): they begin anew`);
    }
  };
  const lookAtLease = (): void => {
    if (performance.now() - looked < LOOK_MS) return;
    looked = performance.now();
    hurry();
  };

  return {
    get decides() {
      return leads();
    },
    store: {
      async load() {
        try {
          const notes = await readLease(AbortSignal.timeout(START_MS));
          leader = readLeader(notes[LEADER_NOTE]);
          return notes[STATE_NOTE] === undefined ? NOTHING_KEPT : readPacked(notes[STATE_NOTE]);
        } catch (error) {
          log(`the releases noted on the Lease cannot be read yet (${(error as Error).message}): canaries with a rollout get nothing by weight until they can`);
          return NOTHING_KEPT;
        }
      },
      save(_kept, now) {
        if (now) hurry();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    },
    notes(before, wasLeading) {
      if (!wasLeading) {
        key = newKey();
        takeNoted(before);
      }
      const now = kept();
      if (!now) return {};
      return { [STATE_NOTE]: packKept(now), [LEADER_NOTE]: JSON.stringify({ ...(url === undefined ? {} : { url }), key }) };
    },
    noted(notes) {
      leader = readLeader(notes[LEADER_NOTE]);
      takeNoted(notes);
    },
    async tell(rows, asked) {
      if (!leader) {
        lookAtLease();
        say(undefined);
        return undefined;
      }
      try {
        const answer = await followerSide.tell(leader, rows, asked);
        say(undefined);
        return answer;
      } catch (error) {
        const { message, cause } = error as Error & { readonly cause?: { readonly code?: string } };
        say(`${leader.url}: ${cause?.code ?? message}`);
        lookAtLease();
        return undefined;
      }
    },
    hear: async (body, signature) => (leads() ? await leaderSide.hear(body, signature, key) : undefined),
    findings() {
      const now = leads() ? leaderSide.silent() : [];
      if (now.join() !== silent) {
        silent = now.join();
        if (silent !== "") log(`${now.join(", ")} does not tell what it counts of releases: they are judged without it`);
      }
      return teamFindings(now, leads() ? undefined : problem);
    },
    leave: async () => void (leader && !leads() && (await followerSide.leave(leader))),
  };
}
