/**
 * The one interface of everything that objects can come from: a Kubernetes API server or a folder of YAML.
 */
import type { Finding } from "../model/findings/findings.ts";
import type { ObjectRef } from "./objects.ts";
import type { Snapshot, WantedObjects } from "./snapshot.ts";

/** What happened so far between the source and the API server; all numbers only ever grow. */
export interface SourceCounts {
  /** Reads of a whole collection, the first ones included. */
  readonly reads: number;
  /** Reads that were needed because a version was too old to go on from (HTTP 410), or versions went backwards. Part of `reads`. */
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

/** A Secret that something in a cluster makes of an object. */
export interface PromisedSecret {
  readonly namespace: string;
  readonly name: string;
}

export interface Source {
  /** Live: written only by the source, and only between the caller's turns of the event loop. */
  readonly snapshot: Snapshot;
  /** What the source itself found wrong (invalid YAML, a kind it may not list). Replaced as a whole. */
  readonly findings: readonly Finding[];
  /** Why nothing has been read so far, or why the last request failed; undefined: nothing is known to be wrong. A sentence without its full stop. */
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
   * Resolves when `snapshot` has the object at least as new as the source has it now, or lacks it when the source has none.
   * Cheaper than `sync`. Rejects when the source cannot say, or `signal` aborts first.
   */
  catchUp(object: ObjectRef, signal: AbortSignal): Promise<void>;

  /** Objects of files whose kinds are not read. Absent: a source that asks for its kinds alone. */
  readonly skipped?: () => number;

  /** Secrets that objects of files make in a cluster, by kinds that are not read. */
  readonly promised?: () => readonly PromisedSecret[];

  /** Numbers for metrics; absent: nothing is counted. */
  readonly counts?: SourceCounts;

  /**
   * Sets what is referenced from now on: of Secrets and ConfigMaps only these are kept in memory. The source reads an
   * object that is newly wanted and calls `changed`; the promise, which may be ignored, resolves when each wanted object
   * was read or is known to be missing.
   */
  want(objects: WantedObjects): Promise<void>;
}
