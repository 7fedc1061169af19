/**
 * Which of several replicas writes to the cluster: the one that holds a Lease (coordination.k8s.io/v1).
 *
 * Guarantees, as long as clocks run at about the same speed: at most one replica leads at a time. The lock is the
 * Lease's resourceVersion; times are only ever compared with times of this process; a leader that could not renew for
 * half of the Lease's time stops leading, long before anybody else may begin.
 *
 * ingress-nginx behaviour: the Lease's name and duration; it is renewed within half of the duration, with a try each
 * quarter of it. Better: a renewal that failed is repeated before the term ends, and the Lease is given back at the end, so
 * that the next leader need not wait.
 * Source: client-go, tools/leaderelection.
 */
import { inWords } from "../../source/kubernetes/failures.ts";
import { pause } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import { forbiddenBackoff, isStatus, lacksRight } from "./api.ts";
import type { ClusterApi } from "./api.ts";
import { leaseInCluster } from "./lease.ts";

export interface ElectionOptions {
  readonly api: ClusterApi;
  readonly namespace: string;
  readonly name: string;
  /** Name of this replica, which no other has. */
  readonly identity: string;
  /** How long the Lease holds without being renewed, in milliseconds. */
  readonly ttl: number;
  readonly log: Log;
  /**
   * What is noted on the Lease when it is written, as annotations; others that are there stay.
   * @param before those of the Lease that is about to be taken @param leads whether this replica has led without a break since it was read
   */
  readonly notes?: (before: LeaseNotes, leads: boolean) => LeaseNotes;
  /** Called with the annotations of the Lease whenever another replica's was read. */
  readonly noted?: (notes: LeaseNotes) => void;
  /** Called when this replica begins to lead; it leads until the signal aborts. */
  readonly elected: (term: AbortSignal) => void;
}

type LeaseNotes = Readonly<Record<string, string>>;

export interface Election {
  readonly leading: boolean;
  /** Who leads, as far as this replica has seen; empty: nobody. */
  readonly leader: string;
  /** How often this replica came to lead. */
  readonly terms: number;
  /** The annotations of the Lease now; reads it, and rejects when it cannot be read. */
  read(signal: AbortSignal): Promise<LeaseNotes>;
  /** Does now what would be done after the next wait: renews the Lease, or looks who has it. */
  hurry(): void;
  /** Stands for election until `resign`. */
  run(): Promise<void>;
  /** Ends the term and gives the Lease back; bounded, never rejects. */
  resign(): Promise<void>;
}

const RESIGN_MS = 2000;

export function standForElection(options: ElectionOptions): Election {
  const { api, namespace, name, identity, ttl, log } = options;
  const lease = leaseInCluster(api, namespace, name);
  const where = `${namespace}/${name}`;
  const ended = new AbortController();
  /** The Lease in the cluster may be newer than `lease.last`, so it is read before the next claim. */
  let unsure = true;
  let term: AbortController | undefined;
  let expiry: NodeJS.Timeout | undefined;
  let terms = 0;
  let hurry = new AbortController();
  let running: Promise<void> = Promise.resolve();

  /** Takes the Lease or renews it, if it is free, ours or has expired. */
  const claim = async (signal: AbortSignal): Promise<void> => {
    const sent = performance.now();
    const before = lease.last?.holder === identity && !unsure ? lease.last : await lease.read(signal);
    const free = !before || before.holder === "" || before.holder === identity || performance.now() - before.seen > before.duration;
    if (!free) {
      lose(`${before.holder} leads`);
      return options.noted?.(before.notes);
    }
    await lease.take(before, identity, ttl, options.notes?.(before?.notes ?? {}, term !== undefined) ?? {}, signal);
    win(sent);
  };

  const win = (renewed: number): void => {
    clearTimeout(expiry);
    expiry = setTimeout(() => lose("the Lease could not be renewed in time"), Math.max(renewed + ttl / 2 - performance.now(), 0));
    if (term || ended.signal.aborted) return;
    term = new AbortController();
    terms++;
    log("info", "this replica leads: what is to be written to the cluster, it writes", { lease: where, identity });
    options.elected(term.signal);
  };

  const lose = (why: string): void => {
    clearTimeout(expiry);
    if (!term) return;
    const over = term;
    term = undefined;
    log("warn", `this replica leads no more: ${why}`, { lease: where, identity });
    over.abort(new Error("leads no more"));
  };

  const run = async (): Promise<void> => {
    const forbidden = forbiddenBackoff();
    let said = "";
    while (!ended.signal.aborted) {
      let wait = ttl / 4;
      try {
        await claim(AbortSignal.any([ended.signal, AbortSignal.timeout(ttl / 2)]));
        unsure = false;
        said = "";
        forbidden.reset();
      } catch (error) {
        // Another replica was faster, or our write may have arrived all the same: read the Lease again.
        unsure = true;
        // After a whole wait our term would be over.
        if (term) wait /= 2;
        if (lacksRight(error)) wait = Math.max(wait, forbidden.next());
        const reason = inWords(error);
        if (!ended.signal.aborted && !lacksRight(error) && !isStatus(error, 409) && reason !== said) log("warn", `the Lease ${where} cannot be had: ${reason}`);
        said = reason;
      }
      // Replicas that start together must not go on asking together.
      await pause(term ? wait : wait * (1 + Math.random() / 5), AbortSignal.any([ended.signal, hurry.signal]));
      // A hurry during the claim has ended the pause before it began, and is for the next claim.
      hurry = new AbortController();
    }
  };

  return {
    get leading() {
      return term !== undefined;
    },
    get leader() {
      return lease.last?.holder ?? "";
    },
    get terms() {
      return terms;
    },
    read: async (signal) => (await lease.read(signal))?.notes ?? {},
    hurry: () => hurry.abort(),
    run: () => (running = run()),
    async resign() {
      const leads = term !== undefined;
      ended.abort(new Error("resigned"));
      await running;
      clearTimeout(expiry);
      term?.abort(new Error("resigned"));
      term = undefined;
      if (!leads) return;
      try {
        const limit = AbortSignal.timeout(RESIGN_MS);
        // A renewal that was under way may have arrived.
        const last = unsure ? await lease.read(limit) : lease.last;
        if (last?.holder === identity) await lease.giveBack(last, options.notes?.(last.notes, true) ?? {}, limit);
      } catch (error) {
        log("debug", `the Lease ${where} was not given back: ${inWords(error)}`);
      }
    },
  };
}
