/**
 * The one interface of everything that objects can come from: a Kubernetes API server or a folder of YAML.
 */
import type { Finding } from "../model/findings/findings.ts";
import type { Snapshot, WantedObjects } from "./snapshot.ts";

/** What became of the conversation with an API server; all numbers only ever grow. */
export interface SourceCounts {
  /** Reads of a whole collection, the first ones included. */
  readonly reads: number;
  /** Of these, how many because a version was too old to go on from (HTTP 410), or versions went backwards. */
  readonly rereads: number;
  /** Watches that were begun. */
  readonly watches: number;
  /** Watches that broke, were refused or ended at once. */
  readonly brokenWatches: number;
  /** Rounds of back-off because the server gave no answer. */
  readonly outages: number;
  /** Credentials that were read anew because the server did not take the old ones. */
  readonly credentialRenewals: number;
}

export interface Source {
  /** Live: written only by the source, and only between the caller's turns of the event loop. */
  readonly snapshot: Snapshot;
  /** What the source itself found wrong (invalid YAML, a kind it may not list). Replaced as a whole. */
  readonly findings: readonly Finding[];
  /** Why nothing was read so far, or what was asked last failed; undefined: nothing is known to be wrong. One sentence without its end. */
  readonly trouble?: string | undefined;
  /** For humans: "/etc/manifests" or "https://10.0.0.1:6443 (context dev)". */
  readonly description: string;

  /**
   * Reads everything once, then keeps watching until `signal` aborts. `changed` is called (at most once per turn of
   * the event loop) when `snapshot` or `findings` changed after the first full read.
   * Resolves when the first full read is in `snapshot`. Rejects with a UserError only for what no retry can mend
   * (a kubeconfig that does not parse, a folder that does not exist); an unreachable API server is retried with
   * back-off and said through `log`.
   */
  start(changed: () => void, signal: AbortSignal): Promise<void>;

  /** Reads the source anew and resolves when `snapshot` holds at least what it said when `sync` was called. */
  sync(signal: AbortSignal): Promise<void>;

  /**
   * Resolves when `snapshot` has one Ingress at least as the source says it is now, or lacks it when there is none.
   * Cheaper than `sync`. Rejects when the source cannot say, or `signal` aborts first.
   */
  catchUp(namespace: string, name: string, signal: AbortSignal): Promise<void>;

  /** Numbers for metrics; absent: nothing is counted. */
  readonly counts?: SourceCounts;

  /**
   * What is referenced from now on: of Secrets and ConfigMaps only these are kept in memory. A source that newly
   * learns of one reads it and calls `changed`; the promise, which may be ignored, resolves when each of them was read
   * or is known to be missing.
   */
  want(objects: WantedObjects): Promise<void>;
}
