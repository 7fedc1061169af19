/**
 * Writes one Event: creates it, or counts up the one that says the same.
 *
 * Guarantee: there is one Event for the same message, whichever replica says it: the Event's name is made from the message.
 */
import { fields, integerOrNone } from "../../source/kubernetes/trim.ts";
import { isStatus } from "../cluster/api.ts";
import type { ClusterApi, Right } from "../cluster/api.ts";
import { eventName, eventNamespace, newEvent, timeOf } from "./event.ts";
import type { EventDraft } from "./event.ts";

export interface EventWriter {
  /** Adds `times` to the Event's count. Rejects with what the API server said. */
  send(draft: EventDraft, times: number, signal: AbortSignal): Promise<void>;
}

const RIGHT = { resource: "events", kind: "Event", effect: "what is wrong is not told as Events" } as const;
/** Most Events, or objects, that are remembered; client-go remembers as many. */
const REMEMBERED = 4096;

/** @param scopeOf where the right to write an Event is needed; empty: everywhere. */
export function createEventWriter(
  api: ClusterApi, instance: string, scopeOf: (draft: EventDraft) => string, counts: { created: number; repeated: number; known: number },
): EventWriter {
  /** Counts of Events by name, the most recent one last. */
  const known = new Map<string, number>();
  const right = (verb: Right["verb"], draft: EventDraft): Right => ({ ...RIGHT, verb, namespace: scopeOf(draft) });

  const create = async (draft: EventDraft, times: number, signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify(newEvent(draft, instance, times, new Date()));
    await api.ask(right("create", draft), pathOf(draft), signal, { method: "POST", body });
    counts.created++;
    setLatest(known, eventName(draft), times);
  };

  const patch = (draft: EventDraft, change: object, signal: AbortSignal): Promise<unknown> => {
    const details = { method: "PATCH", contentType: "application/merge-patch+json", body: JSON.stringify(change) } as const;
    return api.ask(right("patch", draft), `${pathOf(draft)}/${eventName(draft)}`, signal, details);
  };

  const repeat = async (draft: EventDraft, count: number, signal: AbortSignal): Promise<void> => {
    await patch(draft, { count, lastTimestamp: timeOf(new Date()), source: { host: instance }, reportingInstance: instance }, signal);
    counts.repeated++;
    setLatest(known, eventName(draft), count);
  };

  /** The Event's count in the cluster. An empty patch reads it: it writes nothing, and its answer is the Event. */
  const countOf = async (draft: EventDraft, signal: AbortSignal): Promise<number> =>
    integerOrNone(fields(await patch(draft, {}, signal))["count"]) ?? 1;

  return {
    async send(draft, times, signal) {
      const before = known.get(eventName(draft));
      if (before !== undefined) {
        if (!draft.fresh) return void counts.known++;
        try {
          return await repeat(draft, before + times, signal);
        } catch (error) {
          // The API server deletes Events after an hour.
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
    },
  };
}

function pathOf(draft: EventDraft): string {
  return `/api/v1/namespaces/${encodeURIComponent(eventNamespace(draft))}/events`;
}

/** Sets an entry as the latest, and drops the oldest beyond what is remembered. */
export function setLatest<V>(all: Map<string, V>, key: string, value: V): V {
  all.delete(key);
  all.set(key, value);
  if (all.size > REMEMBERED) for (const oldest of all.keys()) {
    all.delete(oldest);
    break;
  }
  return value;
}
