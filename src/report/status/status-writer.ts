/**
 * Writes the status of objects, while this replica leads: the addresses of Ingresses, what is said of Gateways and routes.
 *
 * Guarantees:
 * - an object is written only if its status is not as it should be;
 * - each write names the version of the object that it was decided on. If the object has changed meanwhile (the class of an Ingress
 *   above all), the API server refuses the write and it is decided anew; so no other controller's object is ever touched
 *   and no two replicas write the same;
 * - no field of the status is touched that the wish does not name;
 * - at most ten writes are under way; what fails is tried again with back-off. While the server as a whole gives no answer,
 *   all writes wait; an object whose own write fails (a webhook of its namespace that is gone, for instance) waits alone.
 */
import { isDeepStrictEqual } from "node:util";
import { inWords, Refused } from "../../source/kubernetes/failures.ts";
import { fields, versionOf } from "../../source/kubernetes/trim.ts";
import type { Ingress, IngressAddress } from "../../source/objects.ts";
import { createBackoff, pause } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import { forbiddenBackoff, isStatus, lacksRight, waitAfter } from "../cluster/api.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { sameAddresses } from "./addresses.ts";
import { createOwnWaits } from "./own-waits.ts";
import { statusRequests, type Patch, type StatusChange, type StatusObject } from "./status-requests.ts";
import { createVersions } from "./versions.ts";

/** What one object's status should say. */
export interface StatusWish {
  readonly object: StatusObject;
  /** A JSON merge patch of the status. */
  readonly status: StatusChange;
  /** The object is as it should be. */
  readonly holds: boolean;
  /**
   * Given: the write is made only if this is true, or if we wrote to the object last; for the end, when the source tells of
   * nothing more.
   */
  readonly ours?: boolean;
}

/** The wish that an Ingress has these addresses. @param from at the end: only an Ingress with these addresses is written */
export function addressWish(ingress: Ingress, addresses: readonly IngressAddress[], from?: readonly IngressAddress[]): StatusWish {
  const has = addressesIn(ingress);
  return {
    object: ingress,
    status: { loadBalancer: { ingress: addresses.length > 0 ? addresses : null } },
    holds: sameAddresses(has, addresses),
    ...(from ? { ours: sameAddresses(has, from) } : {}),
  };
}

/** The wish that a status has these fields. */
export function statusWish(object: StatusObject, stored: unknown, status: StatusChange): StatusWish {
  const before = fields(stored);
  return { object, status, holds: Object.entries(status).every(([name, value]) => isDeepStrictEqual(before[name], value ?? undefined)) };
}

export interface StatusWriterOptions {
  readonly api: ClusterApi;
  /** Namespace that all objects are in; empty: all of them. */
  readonly namespace: string;
  readonly log: Log;
  /** What the status of an object (`objectKey`) should say now; undefined: it stays as it is. */
  readonly wish: (key: string) => StatusWish | undefined;
}

export interface StatusCounts {
  /** Writes that succeeded. */
  readonly written: number;
  /** Writes that were decided on a version that was not the newest any more. */
  readonly outdated: number;
  readonly failed: number;
}

export interface StatusWriter {
  /** Decides about these objects anew, if this replica leads. */
  look(keys: Iterable<string>): void;
  /** Writes from now on, until `term` aborts. */
  lead(term: AbortSignal): void;
  /** Resolves when the statuses of these objects are written as wished, or cannot be, or `signal` aborts. */
  drain(keys: Iterable<string>, signal: AbortSignal): Promise<void>;
  readonly counts: StatusCounts;
}

const AT_ONCE = 10;
const BACKOFF_BASE = 500;
const BACKOFF_CAP = 30_000;

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { api, log, wish } = options;
  const send = statusRequests(api, options.namespace);
  const due = new Set<string>();
  const busy = new Set<string>();
  const versions = createVersions();
  const counts = { written: 0, outdated: 0, failed: 0 };
  const backoff = createBackoff(BACKOFF_BASE, BACKOFF_CAP);
  const forbidden = forbiddenBackoff();
  const ownWaits = createOwnWaits(BACKOFF_BASE, BACKOFF_CAP);
  /** Called when nothing is left to write. */
  const idle = new Set<() => void>();
  let term: AbortSignal | undefined;
  let waiting = false;
  /** Aborted to end a pause early. */
  let hurry = new AbortController();

  const write = async (key: string, patch: Patch, signal: AbortSignal): Promise<void> => {
    const answer = await send(patch, signal);
    counts.written++;
    backoff.reset();
    forbidden.reset();
    ownWaits.forget(key);
    versions.wrote(key, versionOf(answer));
  };

  /** Decides what a failure means for this object; gives the milliseconds that all writes should wait. */
  const recover = (key: string, { version }: Patch, error: unknown, signal: AbortSignal): number => {
    const reach = reachOf(error);
    // The source will say so, too.
    if (reach === "gone") return 0;
    if (reach === "outdated") {
      counts.outdated++;
      versions.refused(key, version);
      due.add(key);
      return 0;
    }
    counts.failed++;
    // The source logs that an API server is away, and a missing right is a finding: neither is warned of here.
    log(!(error instanceof Refused) || lacksRight(error) ? "debug" : "warn", `the status of ${key} was not written: ${inWords(error)}`);
    if (reach === "object") void tryLater(key, signal);
    if (reach !== "server") return 0;
    due.add(key);
    // What failed together counts as one failure: ten of them would raise the wait to its cap.
    if (waiting) return 0;
    return isStatus(error, 403) ? forbidden.next() : waitAfter(error, backoff);
  };

  const tryLater = async (key: string, signal: AbortSignal): Promise<void> => {
    const isWaitedFor = await ownWaits.pass(key, AbortSignal.any([signal, hurry.signal]));
    if (signal.aborted || !isWaitedFor) return;
    due.add(key);
    pump();
  };

  const rest = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    if (milliseconds <= 0 || waiting) return;
    waiting = true;
    await pause(milliseconds, AbortSignal.any([signal, hurry.signal]));
    waiting = false;
  };

  const one = async (key: string, patch: Patch, signal: AbortSignal): Promise<void> => {
    busy.add(key);
    try {
      await write(key, patch, signal);
    } catch (error) {
      if (!signal.aborted) void rest(recover(key, patch, error, signal), signal).then(pump);
    }
    busy.delete(key);
    pump();
  };

  const pump = (): void => {
    const signal = term;
    if (!signal || signal.aborted || waiting) return;
    for (const key of due) {
      if (busy.size >= AT_ONCE) return;
      if (busy.has(key)) continue;
      due.delete(key);
      const wanted = wish(key);
      const patch = wanted && patchFor(key, wanted, versions);
      if (patch) void one(key, patch, signal);
      else ownWaits.forget(key);
    }
    if (due.size === 0 && busy.size === 0) for (const tell of [...idle]) tell();
  };

  return {
    look(keys) {
      if (term?.aborted === false) for (const key of keys) due.add(key);
      pump();
    },
    lead(signal) {
      term = signal;
      due.clear();
      ownWaits.clear();
      versions.clear();
      pump();
    },
    async drain(keys, signal) {
      if (term?.aborted !== false) return;
      for (const key of keys) due.add(key);
      // The end does not wait for what went wrong earlier.
      backoff.reset();
      forbidden.reset();
      hurry.abort();
      hurry = new AbortController();
      await told(idle, signal, pump);
    },
    counts,
  };
}

/** Undefined: nothing is to be written, or not on the version that is known. */
function patchFor(key: string, { object, status, holds, ours }: StatusWish, versions: ReturnType<typeof createVersions>): Patch | undefined {
  const own = versions.written(key, object);
  const version = own ?? object.metadata.resourceVersion;
  if (!versions.isNews(key, version)) return undefined;
  const needed = ours === undefined ? own === undefined && !holds : own !== undefined || ours;
  return needed ? { object, status, version } : undefined;
}

/** Answers that are about the account, the load or the server, not about the object. */
const OF_THE_SERVER: readonly number[] = [401, 429, 502, 503, 504];

/** What a failure says: the object is gone, or has changed; it can never be written as it is, or perhaps later; nothing can be written now. */
function reachOf(error: unknown): "gone" | "outdated" | "never" | "object" | "server" {
  if (isStatus(error, 404)) return "gone";
  if (isStatus(error, 409)) return "outdated";
  if (!(error instanceof Refused) || lacksRight(error) || isStatus(error, ...OF_THE_SERVER)) return "server";
  return isStatus(error, 400, 403, 422) ? "never" : "object";
}

/** Resolves when `listeners` are told, or `signal` aborts; `begin` is called once there is somebody to tell. */
function told(listeners: Set<() => void>, signal: AbortSignal, begin: () => void): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      listeners.delete(done);
      resolve();
    };
    listeners.add(done);
    signal.addEventListener("abort", done, { once: true });
    begin();
  });
}

export function addressesIn({ status }: Ingress): readonly IngressAddress[] {
  return status?.loadBalancer.ingress ?? [];
}
