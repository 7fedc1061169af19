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
import { fields, integer } from "../../source/kubernetes/trim.ts";
import { createBackoff, pause } from "../../support/backoff.ts";
import type { Log } from "../../support/log.ts";
import { FORBIDDEN_PAUSE, isStatus } from "../cluster/api.ts";
import type { ClusterApi, Right } from "../cluster/api.ts";
import { eventName, eventNamespace, newEvent, timeOf } from "./event.ts";
import type { EventDraft } from "./event.ts";
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
/** Events and objects that are remembered; client-go remembers as many. */
const REMEMBERED = 4096;
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
  /** Counts of Events by name, the latest last. */
  const known = new Map<string, number>();
  const budgets = new Map<string, Tokens>();
  const overall = createTokens(OVERALL.burst, OVERALL.refill);
  const backoff = createBackoff(1000, 60_000);
  let wake = new AbortController();

  const right = (verb: Right["verb"]): Right => ({ verb, resource: "events", kind: "Event", namespace: options.namespace, effect: "what is wrong is not told as Events" });

  const budget = ({ object: { kind, uid } }: EventDraft): Tokens =>
    remember(budgets, `${kind} ${uid}`, budgets.get(`${kind} ${uid}`) ?? createTokens(PER_OBJECT.burst, PER_OBJECT.refill));

  const create = async (draft: EventDraft, times: number, signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify(newEvent(draft, instance, times, new Date()));
    await api.ask(right("create"), pathOf(draft), signal, { method: "POST", body });
    counts.created++;
    remember(known, eventName(draft), times);
  };

  const repeat = async (draft: EventDraft, count: number, signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify({ count, lastTimestamp: timeOf(new Date()), source: { host: instance }, reportingInstance: instance });
    await api.ask(right("patch"), `${pathOf(draft)}/${eventName(draft)}`, signal, { method: "PATCH", contentType: "application/merge-patch+json", body });
    counts.repeated++;
    remember(known, eventName(draft), count);
  };

  /** A patch of nothing writes nothing, and its answer is the Event. */
  const countOf = async (draft: EventDraft, signal: AbortSignal): Promise<number> => {
    const raw = await api.ask(right("patch"), `${pathOf(draft)}/${eventName(draft)}`, signal, { method: "PATCH", contentType: "application/merge-patch+json", body: "{}" });
    return integer(fields(raw)["count"]) ?? 1;
  };

  const send = async ({ draft, times }: Queued, signal: AbortSignal): Promise<void> => {
    const before = known.get(eventName(draft));
    if (before !== undefined) {
      if (!draft.fresh) return void counts.known++;
      try {
        return await repeat(draft, before + times, signal);
      } catch (error) {
        // Events live for an hour.
        if (!isStatus(error, 404)) throw error;
        known.delete(eventName(draft));
      }
    }
    try {
      await create(draft, times, signal);
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      if (!draft.fresh) return void counts.known++;
      await repeat(draft, (await countOf(draft, signal)) + times, signal);
    }
  };

  const next = (): Queued | undefined => {
    for (const queue of [queues.Warning, queues.Normal]) {
      for (const [name, queued] of queue) {
        queue.delete(name);
        return queued;
      }
    }
    return undefined;
  };

  const sendPatiently = async (queued: Queued, signal: AbortSignal): Promise<void> => {
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        await send(queued, signal);
        return backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof Refused ? error.status : 0;
        const last = tries >= TRIES || (status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 429);
        log("debug", `an Event of ${queued.draft.object.namespace}/${queued.draft.object.name} was not written: ${inWords(error)}`);
        // Its namespace may be going, or the object is gone.
        if (last) return void counts.failed++;
        await pause(status === 403 ? FORBIDDEN_PAUSE : backoff.next(), signal);
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
          const idle = queues.Warning.size + queues.Normal.size === 0;
          await pause(idle ? 3_600_000 : overall.wait(), AbortSignal.any([signal, ...(idle ? [wake.signal] : [])]));
        }
      }
    },
    clear() {
      queues.Warning.clear();
      queues.Normal.clear();
    },
  };
}

function pathOf(draft: EventDraft): string {
  return `/api/v1/namespaces/${encodeURIComponent(eventNamespace(draft))}/events`;
}

/** Sets an entry as the latest, and drops the oldest beyond what is remembered. */
function remember<V>(all: Map<string, V>, key: string, value: V): V {
  all.delete(key);
  all.set(key, value);
  if (all.size > REMEMBERED) for (const oldest of all.keys()) {
    all.delete(oldest);
    break;
  }
  return value;
}
