/**
 * Writes Events to the cluster: few, and each thing once.
 *
 * Guarantees:
 * - a message that is repeated about the same object counts its Event up instead of making another, also across replicas
 *   and restarts: the Event's name is made from its message;
 * - an object gets at most 25 at once and one more each five minutes (client-go's spam filter), the cluster 20 a second;
 * - Warnings go first; the queue is bounded; what is dropped is counted; nothing here delays serving.
 */
import { inWords, Refused } from "../../source/kubernetes/failures.ts";
import { createBackoff, pause, type Backoff } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import { forbiddenBackoff, lacksRight, waitAfter } from "../cluster/api.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { eventName, eventNamespace } from "./event.ts";
import type { EventDraft } from "./event.ts";
import { createEventWriter, setLatest } from "./event-writer.ts";
import { createTokens } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";

export interface RecorderOptions {
  readonly api: ClusterApi;
  /** Name of this replica. */
  readonly instance: string;
  /** Namespace that all objects are in; empty: any. */
  readonly namespace: string;
  readonly log: Log;
}

export interface EventCounts {
  /** New Events. */
  readonly created: number;
  /** Events whose count was raised. */
  readonly repeated: number;
  /** Events that were there already, so that nothing was written. */
  readonly known: number;
  /** Events beyond what an object, or the queue, may have. */
  readonly dropped: number;
  readonly failed: number;
}

export interface Recorder {
  tell(draft: EventDraft): void;
  /** Writes until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Empties the queue, and gives up what is being written. */
  clear(): void;
  readonly counts: EventCounts;
}

const PER_OBJECT = { burst: 25, refill: 300_000 };
const OVERALL = { burst: 50, refill: 50 };
const LONGEST_QUEUE = 20_000;
const TRIES = 5;
/** Milliseconds until an empty queue is looked at again, unless something is told before. */
const IDLE_MS = 60_000;

interface Queued {
  readonly draft: EventDraft;
  /** By how much the Event is to be counted up. */
  times: number;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { api, instance, log } = options;
  const queues = { Warning: new Map<string, Queued>(), Normal: new Map<string, Queued>() };
  const counts = { created: 0, repeated: 0, known: 0, dropped: 0, failed: 0 };
  const budgets = new Map<string, Tokens>();
  const overall = createTokens(OVERALL.burst, OVERALL.refill);
  const backoff = createBackoff(1000, 60_000);
  let wake = new AbortController();
  let cleared = new AbortController();

  /** Scope (see `scopeOf`) in which the right to write Events is missing → the time of the next try, and the waits after it. */
  const forbidden = new Map<string, { readonly until: number; readonly backoff: Backoff }>();

  /** Where an Event needs the right: everywhere (empty), or in its own namespace, since our Pod may be outside of the watched one. */
  const scopeOf = (draft: EventDraft): string => (options.namespace === "" ? "" : eventNamespace(draft));
  const writer = createEventWriter(api, instance, scopeOf, counts);

  const budget = ({ object: { kind, uid } }: EventDraft): Tokens =>
    setLatest(budgets, `${kind} ${uid}`, budgets.get(`${kind} ${uid}`) ?? createTokens(PER_OBJECT.burst, PER_OBJECT.refill));

  const isForbidden = (scope: string, now: number): boolean => (forbidden.get(scope)?.until ?? 0) > now;
  const forbid = (scope: string): void => {
    const waits = forbidden.get(scope)?.backoff ?? forbiddenBackoff();
    forbidden.set(scope, { until: performance.now() + waits.next(), backoff: waits });
  };
  /** Milliseconds until a right that is missing is tried again. */
  const untilTry = (now: number): number => Math.min(IDLE_MS, ...[...forbidden.values()].map(({ until }) => until - now).filter((wait) => wait > 0));

  const enqueue = (queued: Queued): void => {
    const queue = queues[queued.draft.type];
    const name = eventName(queued.draft);
    // The same may have been told again meanwhile.
    queue.set(name, { draft: queued.draft, times: queued.times + (queue.get(name)?.times ?? 0) });
  };

  const next = (now: number): Queued | undefined => {
    for (const queue of [queues.Warning, queues.Normal]) {
      for (const [name, queued] of queue) {
        if (isForbidden(scopeOf(queued.draft), now)) {
          if (options.namespace === "") return undefined;
          continue;
        }
        queue.delete(name);
        return queued;
      }
    }
    return undefined;
  };

  const sendPatiently = async (queued: Queued, signal: AbortSignal): Promise<void> => {
    let faults = 0;
    while (!signal.aborted) {
      try {
        await writer.send(queued.draft, queued.times, signal);
        forbidden.delete(scopeOf(queued.draft));
        return backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof Refused ? error.status : 0;
        if (lacksRight(error)) {
          forbid(scopeOf(queued.draft));
          return enqueue(queued);
        }
        // The API server is away or busy: that is no fault of this Event, however long it takes.
        const isFault = status !== 0 && status !== 429 && status !== 503;
        if (isFault) faults++;
        const last = isFault && (faults >= TRIES || (status >= 400 && status < 500 && status !== 401));
        log("debug", `an Event of ${queued.draft.object.namespace}/${queued.draft.object.name} was not written: ${inWords(error)}`);
        // Gives up: the object's namespace may be going, or the object may be gone.
        if (last) return void counts.failed++;
        await pause(waitAfter(error, backoff), signal);
      }
    }
  };

  return {
    counts,
    tell(draft) {
      const queue = queues[draft.type];
      const name = eventName(draft);
      const queued = queue.get(name);
      if (queued) queued.times++;
      else if (queue.size >= LONGEST_QUEUE || !budget(draft).take()) counts.dropped++;
      else queue.set(name, { draft, times: 1 });
      wake.abort();
    },
    async run(signal) {
      while (!signal.aborted) {
        const now = performance.now();
        const queued = overall.wait() === 0 ? next(now) : undefined;
        if (queued && overall.take()) await sendPatiently(queued, AbortSignal.any([signal, cleared.signal]));
        else {
          wake = new AbortController();
          const spare = overall.wait();
          // The queue has nothing that may be written now.
          await pause(spare > 0 ? spare : untilTry(now), AbortSignal.any([signal, ...(spare > 0 ? [] : [wake.signal])]));
        }
      }
    },
    clear() {
      queues.Warning.clear();
      queues.Normal.clear();
      // What is being tried again was in the queue, too.
      cleared.abort();
      cleared = new AbortController();
    },
  };
}
