/**
 * The one interface of everything that objects can come from: a Kubernetes API server or a folder of YAML.
 */
import type { Finding } from "../model/findings.ts";
import type { Snapshot, WantedObjects } from "./snapshot.ts";

export interface Source {
  /** Live: written only by the source, and only between the caller's turns of the event loop. */
  readonly snapshot: Snapshot;
  /** What the source itself found wrong (invalid YAML, a kind it may not list). Replaced as a whole. */
  readonly findings: readonly Finding[];
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
   * What is referenced from now on: of Secrets and ConfigMaps only these are kept in memory. A source that newly
   * learns of one reads it and calls `changed`; the promise, which may be ignored, resolves when each of them was read
   * or is known to be missing.
   */
  want(objects: WantedObjects): Promise<void>;
}
