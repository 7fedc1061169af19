/**
 * The Snapshot: everything the cluster says that Sluice reads, kept by kind.
 *
 * One Source writes it (through `put` and `remove`), everybody else reads it. Objects are immutable: a change is a
 * new object under the same key, so "the same object" means "nothing changed". `changed` collects the references
 * that were put or removed since the last `takeChanges`, duplicates folded; readers react to what *is* (they look
 * the reference up again), never to the event.
 */
import { exact } from "../support/exact.ts";
import type { Kind, ObjectOfKind, ObjectRef, EndpointSlice } from "./objects.ts";

/** `namespace/name`; cluster-scoped objects: `/name`. */
export type Key = string;

export function keyOf(namespace: string, name: string): Key {
  return `${namespace}/${name}`;
}

/** Objects (`namespace/name`) that are referenced now, missing ones included. */
export interface WantedObjects {
  readonly secrets: ReadonlySet<string>;
  /** The controller's own ConfigMap is not among them: it is read anyway. */
  readonly configMaps: ReadonlySet<string>;
}

/** The label that ties an EndpointSlice to its Service (discovery.k8s.io/v1). */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/** The annotation that named the class of an Ingress before `spec.ingressClassName` did. */
export const LEGACY_CLASS = "kubernetes.io/ingress.class";

type Tables = { readonly [K in Kind]: Map<Key, ObjectOfKind[K]> };

export class Snapshot {
  readonly #tables: Tables = {
    Ingress: new Map(),
    IngressClass: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Secret: new Map(),
    ConfigMap: new Map(),
    Namespace: new Map(),
    Node: new Map(),
    ResolvedName: new Map(),
    SnippetVerdict: new Map(),
    RolloutWeight: new Map(),
    GatewayClass: new Map(),
    Gateway: new Map(),
    ListenerSet: new Map(),
    HTTPRoute: new Map(),
    GRPCRoute: new Map(),
    ReferenceGrant: new Map(),
  };
  /** Service key → its slices, sorted by name so that results do not depend on the order of arrival. */
  readonly #slices = new Map<Key, readonly EndpointSlice[]>();
  readonly #changed = new Map<string, ObjectRef>();

  all<K extends Kind>(kind: K): ReadonlyMap<Key, ObjectOfKind[K]> {
    return this.#tables[kind];
  }

  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOfKind[K] | undefined {
    return this.#tables[kind].get(keyOf(namespace, name));
  }

  /** Slices labelled with this Service, ordered by name. */
  slicesOf(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.get(keyOf(namespace, service)) ?? [];
  }

  put<K extends Kind>(object: ObjectOfKind[K]): void {
    const { kind, metadata } = object;
    const key = keyOf(metadata.namespace, metadata.name);
    if (kind === "EndpointSlice") this.#indexSlice(key, object);
    (this.#tables[kind] as Map<Key, ObjectOfKind[K]>).set(key, object);
    this.#note({ kind, namespace: metadata.namespace, name: metadata.name });
  }

  remove(ref: ObjectRef): void {
    const key = keyOf(ref.namespace, ref.name);
    if (ref.kind === "EndpointSlice") this.#unindexSlice(key);
    if (this.#tables[ref.kind].delete(key)) this.#note(ref);
  }

  /** Everything put or removed since the last call. */
  takeChanges(): readonly ObjectRef[] {
    const changes = [...this.#changed.values()];
    this.#changed.clear();
    return changes;
  }

  #note(ref: ObjectRef): void {
    this.#changed.set(`${ref.kind} ${ref.namespace}/${ref.name}`, ref);
  }

  /** A slice that changes its Service counts as a change of the old one too. */
  #indexSlice(key: Key, slice: EndpointSlice): void {
    const service = serviceKeyOf(slice);
    const before = this.#tables.EndpointSlice.get(key);
    if (before && serviceKeyOf(before) !== service) this.#unindexSlice(key);
    const slices = [...this.#others(service, slice), slice].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    this.#slices.set(service, exact(slices));
    this.#noteService(service);
  }

  #unindexSlice(key: Key): void {
    const before = this.#tables.EndpointSlice.get(key);
    if (!before) return;
    const service = serviceKeyOf(before);
    const others = this.#others(service, before);
    if (others.length > 0) this.#slices.set(service, others);
    else this.#slices.delete(service);
    this.#noteService(service);
  }

  /** The slices of a Service but this one. Names suffice to tell them apart: they are all in the Service's namespace. */
  #others(service: Key, { metadata }: EndpointSlice): readonly EndpointSlice[] {
    return (this.#slices.get(service) ?? []).filter((one) => one.metadata.name !== metadata.name);
  }

  /** Slices are read through their Service, so a slice's change is reported as its Service's change as well. */
  #noteService(service: Key): void {
    const slash = service.indexOf("/");
    this.#note({ kind: "Service", namespace: service.slice(0, slash), name: service.slice(slash + 1) });
  }
}

function serviceKeyOf(slice: EndpointSlice): Key {
  return keyOf(slice.metadata.namespace, slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? "");
}
