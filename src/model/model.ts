/**
 * The Model: what routing means, without Kubernetes shapes and without nginx; and what an update gives beside it.
 *
 * Values are immutable and shared: a part that did not change keeps its identity from one Model to the next, which
 * is how later stages know what to do. Every value remembers the object and field it came from (`Origin`).
 */
import type { Stream } from "../../edge/src/program.ts";
import type { Ingress } from "../source/objects.ts";
import type { WantedObjects } from "../source/snapshot.ts";
import type { Config } from "./config/config.ts";
import type { Finding } from "./findings/findings.ts";
import type { ObjectStatus } from "./shapes/object-status.ts";
import type { Front } from "./shapes/front.ts";
import type { HostKey } from "./shapes/host-key.ts";
import type { Listener } from "./shapes/listener.ts";
import type { Alias, Certificate, Host, Pool, Trust } from "./shapes/routing.ts";
import type { UserList } from "./shapes/user-list.ts";

export interface Model {
  /** Host of a name (`_` for the catch-all, `*.example.com` for a wildcard). `_` always exists. */
  readonly hosts: ReadonlyMap<HostKey, Host>;
  /** Alias (exact, `*.parent`, `start.*`, `~pattern`) → the Host that it is another name of. None is a Host's name. */
  readonly aliases: ReadonlyMap<string, Alias>;
  /** Pool id → Pool; exactly those that a Host refers to, and the default backend. */
  readonly pools: ReadonlyMap<string, Pool>;
  /** Certificate id (digest) → certificate; exactly those that `tls` and filters refer to. */
  readonly certificates: ReadonlyMap<string, Certificate>;
  /** Server name (exact, `*.parent`, `_` for the default) → certificate id. */
  readonly tls: ReadonlyMap<string, string>;
  /** Id → who may pass by a password; exactly those that an Ingress refers to. */
  readonly users: ReadonlyMap<string, UserList>;
  /** Id (digest) → what client certificates are verified against; exactly those that a Host refers to. */
  readonly trusts: ReadonlyMap<string, Trust>;
  /** Where requests for Gateways come in, by id. */
  readonly fronts: ReadonlyMap<string, Front>;
  /** Ports below http, by id. */
  readonly listeners: ReadonlyMap<string, Listener>;
  /** Id of a listener, or `tls` and a host that is passed through → where its connections go. */
  readonly streams: ReadonlyMap<string, Stream>;
  /** The controller's ConfigMap over its defaults. */
  readonly config: Config;
}

/** What changed from the previous Model to this one, by key: values are to be looked up in the Model. */
export interface ModelChange {
  /** Keys of `Built.own`. */
  readonly own: ReadonlySet<string>;
  readonly hosts: ReadonlySet<HostKey>;
  readonly aliases: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
  readonly certificates: ReadonlySet<string>;
  readonly tls: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
  readonly trusts: ReadonlySet<string>;
  readonly listeners: ReadonlySet<string>;
  readonly streams: ReadonlySet<string>;
  readonly fronts: ReadonlySet<string>;
  /** Keys of `Built.judged`. */
  readonly judged: ReadonlySet<string>;
  readonly config: boolean;
}

/** An object that asks for routes. It is ours if its class is. */
export type RoutingObject = Ingress;

/** An object that asks for routes and is ours. */
export interface OwnObject {
  readonly object: RoutingObject;
  /** True: nothing of what it asks for is served. */
  readonly refused: boolean;
  /** Hosts that the object takes part in. */
  readonly hosts: readonly HostKey[];
}

export interface Built {
  readonly model: Model;
  /** `Ingress shop/web` (`objectKey`) → an object that is ours. What may be written to the cluster is about these objects. */
  readonly own: ReadonlyMap<string, OwnObject>;
  /** By `objectKey`: what is said of Gateways and routes. */
  readonly judged: ReadonlyMap<string, ObjectStatus>;
  readonly change: ModelChange;
  /** All findings of the model stage, sorted (computed when asked for). */
  findings(): readonly Finding[];
  /** Secrets and ConfigMaps that somebody refers to, missing ones included. */
  readonly wanted: WantedObjects;
  /** DNS names that pools and streams need: those of ExternalName Services, and targets in annotations. */
  readonly names: ReadonlySet<string>;
  /** True: an Ingress asks what nginx says of the snippet with this digest. */
  asksAbout(snippet: string): boolean;
  /** When findings change although no object does, so that `update` is to be called; milliseconds since 1970. */
  readonly changesAt?: number | undefined;
}
