/**
 * The part of the Snapshot that one collection fills.
 *
 * Guarantee: an object that did not change keeps its identity, also through a read of the whole collection. So a
 * reader of the Snapshot only hears of what changed.
 */
import type { AnyObject, Kind, Meta, ObjectOfKind } from "../objects.ts";
import { keyOf } from "../snapshot.ts";
import type { Key, Snapshot } from "../snapshot.ts";
import type { Resource } from "./resources.ts";
import type { Sink } from "./shared.ts";
import { fields, nameOf } from "./trim.ts";

/**
 * `changed` is called after each change of `snapshot`. The collection owns all objects of its kind there, or those
 * whose keys `owns` names: two collections may share a kind.
 */
export function copyInto<K extends Kind>(
  snapshot: Snapshot, resource: Resource<K>, changed: () => void, owns: (key: Key) => boolean = () => true,
): Sink<ObjectOfKind[K]> {
  const { kind } = resource;
  return {
    begin: () => {},
    keepsNothing: () => false,
    take: (raw) => unchanged(snapshot, kind, raw) ?? resource.trim(raw),
    replace(objects) {
      const vanished = new Map<Key, AnyObject>([...snapshot.all(kind)].filter(([key]) => owns(key)));
      for (const object of objects) {
        vanished.delete(keyOf(object.metadata.namespace, object.metadata.name));
        putIfChanged(snapshot, kind, object, changed);
      }
      for (const { metadata } of vanished.values()) removeFrom(snapshot, kind, metadata, changed);
    },
    put(raw) {
      const object = resource.trim(raw);
      if (object) putIfChanged(snapshot, kind, object, changed);
    },
    remove(raw) {
      const place = nameOf(raw);
      if (place) removeFrom(snapshot, kind, place, changed);
    },
  };
}

export function putIfChanged<K extends Kind>(
  snapshot: Snapshot, kind: K, object: ObjectOfKind[K], changed: () => void,
): void {
  const before = snapshot.get(kind, object.metadata.namespace, object.metadata.name);
  if (before && isSame(before.metadata, object.metadata)) return;
  snapshot.put<K>(object);
  changed();
}

export function removeFrom(
  snapshot: Snapshot, kind: Kind, place: { readonly namespace: string; readonly name: string }, changed: () => void,
): void {
  if (!snapshot.get(kind, place.namespace, place.name)) return;
  snapshot.remove({ kind, namespace: place.namespace, name: place.name });
  changed();
}

/** The object in the Snapshot, if it is of the same version as this raw one: a read of the whole collection then makes no second copy. */
function unchanged<K extends Kind>(snapshot: Snapshot, kind: K, raw: unknown): ObjectOfKind[K] | undefined {
  const place = nameOf(raw);
  const before = place && snapshot.get(kind, place.namespace, place.name);
  const { resourceVersion, uid } = fields(fields(raw)["metadata"]);
  return before?.metadata.resourceVersion !== undefined && before.metadata.resourceVersion === resourceVersion &&
    before.metadata.uid === uid
    ? before
    : undefined;
}

/** A resourceVersion names one state of one object. */
function isSame(a: Meta, b: Meta): boolean {
  return a.resourceVersion !== undefined && a.resourceVersion === b.resourceVersion && a.uid === b.uid;
}
