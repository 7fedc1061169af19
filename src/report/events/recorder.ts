/**
 * Writes Events to the cluster: few, and each thing once.
 *
 * Guarantees:
 * - what is said again of the same object counts its Event up instead of making another, also across replicas and
 *   restarts: the Event's name is made from what it says;
 * - an object gets at most 25 at once and one more each five minutes (client-go's spam filter), the cluster 20 a second;
 * - Warnings go first; the queue is bounded; what is dropped is counted; nothing here delays serving.
 */
import { inWords, Refused } from "../../source/kubernetes/failures.ts";
import { createBackoff, pause } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import { FORBIDDEN_PAUSE, lacksRight } from "../cluster/api.ts";
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
  /** Said already, so that nothing was written. */
  readonly known: number;
  /** Beyond what an object, or the queue, may have. */
  readonly dropped: number;
  readonly failed: number;
}

export interface Recorder {
  tell(draft: EventDraft): void;
  /** Writes until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Forgets what waits. */
  clear(): void;
  readonly counts: EventCounts;
}

const PER_OBJECT = { burst: 25, refill: 300_000 };
const OVERALL = { burst: 50, refill: 50 };
const LONGEST_QUEUE = 20_000;
const TRIES = 5;

interface Queued {
  readonly draft: EventDraft;
  /** How often it is to be counted. */
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

  /** Where the right to write Events was missing → until when it is not asked for again. */
  const forbidden = new Map<string, number>();

  /** Rights are everywhere, or of each namespace: our own Pod may be outside of the one that is watched. */
  const scopeOf = (draft: EventDraft): string => (options.namespace === "" ? "" : eventNamespace(draft));
  const writer = createEventWriter(api, instance, scopeOf, counts);

  const budget = ({ object: { kind, uid } }: EventDraft): Tokens =>
    setLatest(budgets, `${kind} ${uid}`, budgets.get(`${kind} ${uid}`) ?? createTokens(PER_OBJECT.burst, PER_OBJECT.refill));

  const isForbidden = (scope: string): boolean => (forbidden.get(scope) ?? 0) > performance.now();

  const next = (): Queued | undefined => {
    for (const queue of [queues.Warning, queues.Normal]) {
      for (const [name, queued] of queue) {
        if (isForbidden(scopeOf(queued.draft))) {
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
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        await writer.send(queued.draft, queued.times, signal);
        return backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof Refused ? error.status : 0;
        if (lacksRight(error)) {
          forbidden.set(scopeOf(queued.draft), performance.now() + FORBIDDEN_PAUSE);
          queues[queued.draft.type].set(eventName(queued.draft), queued);
          return;
        }
        const last = tries >= TRIES || (status >= 400 && status < 500 && status !== 401 && status !== 429);
        log("debug", `an Event of ${queued.draft.object.namespace}/${queued.draft.object.name} was not written: ${inWords(error)}`);
        // Its namespace may be going, or the object is gone.
        if (last) return void counts.failed++;
        await pause(backoff.next(), signal);
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
        const queued = overall.wait() === 0 ? next() : undefined;
        if (queued && overall.take()) await sendPatiently(queued, signal);
        else {
          wake = new AbortController();
          const spare = overall.wait();
          // Nothing waits, or nothing that may be written now.
          await pause(spare > 0 ? spare : FORBIDDEN_PAUSE, AbortSignal.any([signal, ...(spare > 0 ? [] : [wake.signal])]));
        }
      }
    },
    clear() {
      queues.Warning.clear();
      queues.Normal.clear();
    },
  };
}
