/**
 * The Model: what routing means, without Kubernetes shapes and without nginx; and what is told with it.
 *
 * Values are immutable and shared: a part that did not change keeps its identity from one Model to the next, which
 * is how later stages know what to do. Every value remembers the object and field it came from (`Origin`).
 */
import type { Stream } from "../../edge/src/program.ts";
import type { Ingress } from "../source/objects.ts";
import type { WantedObjects } from "../source/snapshot.ts";
import type { Config } from "./config/config.ts";
import type { Finding } from "./findings/findings.ts";
import type { Listener } from "./shapes/listener.ts";
import type { Alias, Certificate, Host, Pool, Trust } from "./shapes/routing.ts";
import type { UserList } from "./shapes/user-list.ts";

export interface Model {
  /** Host name (`_` for the catch-all, `*.example.com` for a wildcard) → Host. `_` always exists. */
  readonly hosts: ReadonlyMap<string, Host>;
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
  /** Ports below http, by id. */
  readonly listeners: ReadonlyMap<string, Listener>;
  /** Id of a listener, or `tls` and a host that is passed through → where its connections go. */
  readonly streams: ReadonlyMap<string, Stream>;
  /** The controller's ConfigMap over its defaults. */
  readonly config: Config;
}

/** What changed from the previous Model to this one, by key: values are to be looked up in the Model. */
export interface ModelChange {
  /** Of `Built.ingresses`. */
  readonly ingresses: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  readonly aliases: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
  readonly certificates: ReadonlySet<string>;
  readonly tls: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
  readonly trusts: ReadonlySet<string>;
  readonly listeners: ReadonlySet<string>;
  readonly streams: ReadonlySet<string>;
  readonly config: boolean;
}

/** An Ingress that is ours by its class. */
export interface OwnIngress {
  readonly ingress: Ingress;
  /** True: none of its rules is served. */
  readonly refused: boolean;
  /** Hosts that it takes part in. */
  readonly hosts: readonly string[];
}

export interface Built {
  readonly model: Model;
  /** `namespace/name` → an Ingress that is ours: what may be written to the cluster is about these. */
  readonly ingresses: ReadonlyMap<string, OwnIngress>;
  readonly change: ModelChange;
  /** All findings of the model stage, sorted (computed when asked for). */
  findings(): readonly Finding[];
  /** Secrets and ConfigMaps that somebody refers to, missing ones included. */
  readonly wanted: WantedObjects;
  /** DNS names of ExternalName Services that a pool needs. */
  readonly names: ReadonlySet<string>;
  /** An Ingress asks what nginx says of the snippet with this digest. */
  asksAbout(snippet: string): boolean;
  /** When findings come out different although nothing changes, and `update` is to be called; milliseconds since 1970. */
  readonly changesAt?: number | undefined;
}
