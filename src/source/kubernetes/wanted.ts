/**
 * Secrets and ConfigMaps: of all that the account may see, only those that somebody refers to are kept in memory.
 *
 * The collection's reads and events are filtered by `want`. An object that is newly wanted has passed by unseen, so it
 * is read by name; many at once are read with the whole collection instead. A read by name races with the watch:
 * - an event that arrives meanwhile is newer than an answer with the same or an older resourceVersion, and wins;
 * - an event that arrives later and is older than what was read is dropped;
 * - a read of the collection that began before the answer may know less than it, so it does not decide about such an
 *   object: it is read by name once more afterwards.
 * An object that may not be read, neither by its name nor with the collection, stands in the Snapshot as forbidden, which
 * is not the same as missing: nobody waits for it, and it is asked for again.
 */
import { createBackoff, inSeconds, pause } from "../../support/backoff.ts";
import type { Meta, ObjectOfKind } from "../objects.ts";
import { keyOf } from "../snapshot.ts";
import type { Key, Snapshot } from "../snapshot.ts";
import { copyInto, putIfChanged, removeFrom } from "./copy.ts";
import { Refused, Unreachable } from "./failures.ts";
import { failureOf } from "./findings.ts";
import { canExist, placeOf } from "./keys.ts";
import { findObject, readObject } from "./pages.ts";
import { askAgain } from "./refused.ts";
import { collectionOf } from "./resources.ts";
import type { Collection } from "./resources.ts";
import type { ReflectorContext, Sink } from "./shared.ts";
import { createSlots } from "./slots.ts";
import { nameOf } from "./trim.ts";
import { isOlder } from "./versions.ts";

/** Helm keeps its releases in Secrets, megabytes of them; nobody serves TLS with one. */
export const NOT_HELM = "type!=helm.sh/release.v1";
/** If more objects than this are newly wanted, one read of the collection is cheaper than a request for each. */
const FEW = 32;
const AT_ONCE = 8;

/** Kinds of which Sluice needs a few objects only. */
export type WantedKind = "Secret" | "ConfigMap";

export interface Wanted<K extends WantedKind> {
  readonly sink: Sink<ObjectOfKind[K]>;
  /**
   * The keys wanted from now on; the others are forgotten at once. Resolves when each new one has been read, or is
   * known to be missing, or the source has ended. Never rejects.
   */
  want(keys: ReadonlySet<Key>): Promise<void>;
  /** Resolves when no read by name is under way. */
  settled(): Promise<void>;
}

interface PendingRead {
  done: Promise<void>;
  /** Version of the newest event of this object since the request was sent. */
  event: string | undefined;
}

export interface WantedOptions<K extends WantedKind> {
  readonly collection: Collection<K>;
  readonly snapshot: Snapshot;
  /** An object that another collection keeps: it is left alone. */
  readonly except?: Key;
  readonly changed: () => void;
  /** Reads the whole collection; resolves when that is done, with false when it may not be read. */
  readonly reread: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

export function keepWanted<K extends WantedKind>(shared: ReflectorContext, options: WantedOptions<K>): Wanted<K> {
  const { collection, snapshot, except, changed, reread, signal } = options;
  const { resource } = collection;
  const { kind } = resource;
  const copy = copyInto(snapshot, resource, changed, (key) => key !== except);
  const readings = new Map<Key, PendingRead>();
  /** Keys that were read by name since the running read of the collection began. */
  const byName = new Set<Key>();
  let wanted: ReadonlySet<Key> = new Set();
  const slots = createSlots(AT_ONCE);
  const rights: Rights = { get: true };

  const read = (key: Key): Promise<void> => {
    const running = readings.get(key);
    if (running) return running.done;
    byName.add(key);
    const reading: PendingRead = { event: undefined, done: Promise.resolve() };
    readings.set(key, reading);
    reading.done = readNow(key, reading);
    return reading.done;
  };

  const refused = askAgain(read, AT_ONCE, shared.timing.backoffCap, signal);

  const readNow = async (key: Key, reading: PendingRead): Promise<void> => {
    const current = (): boolean => readings.get(key) === reading;
    const free = await slots.take();
    reading.event = undefined;
    const raw = await readNamed(shared, collection, rights, key, current, signal);
    free();
    if (!current()) return;
    readings.delete(key);
    if (raw === FORBIDDEN) {
      refused.add(key);
      // The next read of the collection may know more.
      byName.delete(key);
      return putUnreadable(snapshot, kind, placeOf(key), changed);
    }
    refused.delete(key);
    if (raw === GIVEN_UP) return;
    const object = raw === undefined ? undefined : resource.trim(raw);
    if (object && (reading.event === undefined || isOlder(reading.event, object.metadata.resourceVersion))) putIfChanged(snapshot, kind, object, changed);
    if (!object && reading.event === undefined) removeFrom(snapshot, kind, placeOf(key), changed);
  };

  /** Also drops the answer of a running read: events that pass unseen from now on may be newer. */
  const forget = (key: Key): void => {
    readings.delete(key);
    refused.delete(key);
    removeFrom(snapshot, kind, placeOf(key), changed);
  };

  const known = (key: Key): ObjectOfKind[K] | undefined => {
    const { namespace, name } = placeOf(key);
    return snapshot.get(kind, namespace, name);
  };
  /** Whether an event is of a wanted object and not older than what we have of it. */
  const news = (raw: unknown, version: string): boolean => {
    const key = keyIn(raw);
    if (key === undefined || !wanted.has(key)) return false;
    const reading = readings.get(key);
    if (reading) reading.event = version;
    return !isOlder(version, known(key)?.metadata.resourceVersion);
  };

  const sink: Sink<ObjectOfKind[K]> = {
    begin() {
      byName.clear();
      for (const key of readings.keys()) byName.add(key);
    },
    keepsNothing: () => wanted.size === 0,
    take(raw) {
      const key = keyIn(raw);
      return key !== undefined && wanted.has(key) ? copy.take(raw) : undefined;
    },
    replace(objects, version) {
      const undecided = [...byName].filter((key) => wanted.has(key));
      const kept = undecided.flatMap((key) => known(key) ?? []);
      const decided = objects.filter(({ metadata: { namespace, name } }) => {
        const key = keyOf(namespace, name);
        return wanted.has(key) && !byName.has(key);
      });
      copy.replace([...decided, ...kept], version);
      refused.clear();
      for (const key of undecided) void read(key);
    },
    put: (raw, version) => {
      if (news(raw, version)) copy.put(raw, version);
    },
    remove: (raw, version) => {
      if (news(raw, version)) copy.remove(raw, version);
    },
  };

  return {
    sink,
    async want(all) {
      const keys = new Set([...all].filter((key) => key !== except));
      const added = [...keys].filter((key) => !wanted.has(key) && canExist(key, collection.namespace));
      for (const key of wanted) if (!keys.has(key)) forget(key);
      wanted = keys;
      if (added.length > FEW && (await reread())) return;
      await Promise.all(added.map(read));
    },
    async settled() {
      while (readings.size > 0) await Promise.all([...readings.values()].map(({ done }) => done));
    },
  };
}

const GIVEN_UP = Symbol("given up");
const FORBIDDEN = Symbol("forbidden");

/** Ways to read one object: by its name, and as a list of one. */
const WAYS = 2;

/** Puts the object as forbidden, unless something is known of it. */
function putUnreadable(snapshot: Snapshot, kind: WantedKind, metadata: Meta, changed: () => void): void {
  if (snapshot.get(kind, metadata.namespace, metadata.name)) return;
  snapshot.put(kind === "Secret" ? { kind, metadata, data: {}, forbidden: true } : { kind, metadata, data: {}, forbidden: true });
  changed();
}

/** Which way to read one object was not refused last: by its name (`get`), or as a list of one. */
interface Rights {
  get: boolean;
}

/**
 * Tries until there is an answer, which may be `FORBIDDEN`, or nobody wants the object any more. `undefined`: there
 * is no such object. Never rejects.
 */
async function readNamed(
  { connection, outage, log, timing, failed }: ReflectorContext, collection: Collection<WantedKind>, rights: Rights, key: Key,
  current: () => boolean, signal: AbortSignal,
): Promise<unknown> {
  const { namespace, name } = placeOf(key);
  const { api, plural, kind } = collection.resource;
  const path = `${api}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;
  const alone = collectionOf(collection.resource, namespace, `metadata.name=${name}`);
  const backoff = createBackoff(timing.backoffBase, timing.backoffCap);
  let refusals = 0;
  while (!signal.aborted && current()) {
    const { get } = rights;
    try {
      return await (get ? readObject(connection, path, signal) : findObject(connection, alone, signal));
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof Refused && error.status === 403) {
        rights.get = !get;
        if (++refusals === WAYS) return FORBIDDEN;
      } else if (error instanceof Unreachable) await outage.failed(error.message);
      else {
        const wait = backoff.next();
        const failure = `${kind} ${key}: ${failureOf(collection, "get", error)}`;
        failed(failure);
        log("warn", `${failure}; trying again in ${inSeconds(wait)}`);
        await pause(wait, signal);
      }
    }
  }
  return GIVEN_UP;
}

function keyIn(raw: unknown): Key | undefined {
  const place = nameOf(raw);
  return place && keyOf(place.namespace, place.name);
}
