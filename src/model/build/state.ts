/**
 * What a model builder remembers between two updates, and what one update has yet to do.
 */
import { isDeepStrictEqual } from "node:util";
import { CATCH_ALL, DEFAULT_BACKEND, type Stream } from "../../../edge/src/program.ts";
import type { Service } from "../../source/objects.ts";
import type { Snapshot, WantedObjects } from "../../source/snapshot.ts";
import type { Values } from "../annotations/slot.ts";
import { defaultValues } from "../annotations/table.ts";
import type { PoolReference } from "../backends/pool.ts";
import type { Config } from "../config/config.ts";
import { Credentials } from "../credentials/credentials.ts";
import type { Finding } from "../findings/findings.ts";
import { routeKeys } from "../gateway/route-kinds.ts";
import type { ParsedIngress } from "../ingress/parsed.ts";
import { emptyPart } from "../memory/part.ts";
import type { ModelPart } from "../memory/part.ts";
import { References } from "../memory/references.ts";
import type { OwnObject } from "../model.ts";
import type { AliasClaim } from "../routes/aliases.ts";
import { TOTAL_SIZE_BOUNDS } from "../shapes/bounds.ts";
import type { Listener } from "../shapes/listener.ts";
import type { Alias, Host, Pool } from "../shapes/routing.ts";
import { emptyGatewayState, type GatewayState, type GatewayWork } from "./gateway-state.ts";
import type { ModelSettings } from "./settings.ts";
import { Sizes } from "./sizes.ts";

export interface ModelState {
  readonly settings: ModelSettings;
  /** Undefined before the first update. */
  config: Config | undefined;
  /** Ingresses that are ours, by `namespace/name`. */
  readonly ingresses: Map<string, ParsedIngress>;
  /** The room that each of these Ingresses wants. `ingresses` holds those without room as well, closed. */
  readonly sizes: Sizes;
  /** The fields that send requests to pools, by host (and by the flag of the default backend). */
  readonly poolReferences: Map<string, readonly PoolReference[]>;
  /** Further names that hosts want, by host and name. */
  readonly aliasClaims: Map<string, ReadonlyMap<string, readonly AliasClaim[]>>;
  /** The names of aliases that are regular expressions and that somebody wants. */
  readonly expressions: Set<string>;
  /** Host and alias, as one text, where there is no room for the alias → the alias. */
  aliasesBeyond: ReadonlyMap<string, string>;
  /** What the last update wanted of the source, and the sets that it was made from. */
  wanted: { readonly ofHosts: ReadonlySet<string>; readonly ofIngresses: ReadonlySet<string>; readonly objects: WantedObjects } | undefined;
  // which unit reads what
  readonly ingressHosts: References;
  /** Ingress → objects that its annotations look up (`Secret shop/passwords`). */
  readonly ingressObjects: References;
  readonly hostPools: References;
  /** Host → the further names that it wants. */
  readonly hostAliases: References;
  readonly poolServices: References;
  readonly poolNames: References;
  /** Hosts whose TLS is passed through → pool. */
  readonly streamHosts: Map<string, string>;
  /** What streams read: Services, and DNS names of external ones. */
  readonly streamObjects: References;
  /** Keys of the Services that ask for listeners: of those that come from files. */
  readonly listening: Set<string>;
  readonly gateway: GatewayState;
  /** `Built.own`. */
  readonly own: ModelPart<OwnObject>;
  // the Model
  /** Certificates, authorities, users. */
  readonly credentials: Credentials;
  readonly hosts: ModelPart<Host>;
  readonly aliases: ModelPart<Alias>;
  readonly pools: ModelPart<Pool>;
  readonly listeners: ModelPart<Listener>;
  readonly streams: ModelPart<Stream>;
  /** By unit: `Ingress shop/web`, `host shop.example`, `tls shop.example`, `pool shop/web/80`. */
  readonly findings: ModelPart<readonly Finding[]>;
}

/** One update: units to recompute, by key. */
export interface Work {
  readonly snapshot: Snapshot;
  readonly config: Config;
  readonly configChanged: boolean;
  readonly defaults: Values;
  /** True when IngressClasses changed. */
  classes: boolean;
  readonly ingresses: Set<string>;
  /** Those of `ingresses` that are read again although they are the same object: something that they look up changed. */
  readonly reread: Set<string>;
  readonly hosts: Set<string>;
  readonly aliases: Set<string>;
  readonly pools: Set<string>;
  readonly gateways: GatewayWork;
  /** Something that streams read has changed. */
  streams: boolean;
}

const BACKEND_FLAG = "--default-backend-service";

export function emptyState(settings: ModelSettings): ModelState {
  const state: ModelState = {
    settings,
    config: undefined,
    ingresses: new Map(),
    sizes: new Sizes(TOTAL_SIZE_BOUNDS),
    poolReferences: new Map([[BACKEND_FLAG, [defaultBackendReference(settings.defaultBackendService)]]]),
    aliasClaims: new Map(),
    expressions: new Set(),
    aliasesBeyond: new Map(),
    wanted: undefined,
    ingressHosts: new References(),
    ingressObjects: new References(),
    hostPools: new References(),
    hostAliases: new References(),
    poolServices: new References(),
    poolNames: new References(),
    streamHosts: new Map(),
    streamObjects: new References(),
    listening: new Set(),
    gateway: emptyGatewayState(),
    own: emptyPart(sameVersion),
    credentials: new Credentials(settings.defaultSslCertificate),
    hosts: emptyPart(),
    aliases: emptyPart(),
    pools: emptyPart(),
    listeners: emptyPart(),
    streams: emptyPart(),
    // Which findings changed is never asked for, and a comparison would read their lines, which is slow.
    findings: emptyPart(() => false),
  };
  state.hostPools.set(BACKEND_FLAG, [DEFAULT_BACKEND]);
  return state;
}

/** The first update and a changed Config look at everything again; a Config with the same content changes nothing. */
export function startWork(state: ModelState, snapshot: Snapshot, given: Config): Work {
  const first = state.config === undefined;
  const configChanged = state.config !== given && !isDeepStrictEqual(state.config, given);
  const config = configChanged || state.config === undefined ? given : state.config;
  state.config = config;
  const all = configChanged ? snapshot.all("Ingress").keys() : [];
  return {
    snapshot,
    config,
    configChanged,
    defaults: defaultValues(config),
    classes: first,
    ingresses: new Set(all),
    reread: new Set(),
    hosts: new Set(configChanged ? [CATCH_ALL] : []),
    aliases: new Set(),
    pools: new Set(first ? [DEFAULT_BACKEND] : []),
    gateways: { all: first, routes: new Set(first || configChanged ? routeKeys(snapshot) : []) },
    streams: first,
  };
}

/** A flag is no field of an object, so a finding about it is put on the object that the flag names. */
function defaultBackendReference(flag: string): PoolReference {
  const [namespace = "", name = ""] = flag.split("/");
  const object: Service = { kind: "Service", metadata: { namespace, name }, spec: {} };
  return { pool: DEFAULT_BACKEND, object, field: BACKEND_FLAG, effect: "requests that no rule matches get 404" };
}

/** Two versions of an object differ even where their content is the same, because status and Events are about a version. */
function sameVersion(a: OwnObject, b: OwnObject): boolean {
  return a.object === b.object && a.refused === b.refused && isDeepStrictEqual(a.hosts, b.hosts);
}
