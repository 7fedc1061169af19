/**
 * The Source that is a Kubernetes API server: its collections, each kept up to date by a reflector of its own.
 *
 * Read with `get`, `list` and `watch`, and nothing else: IngressClasses, Ingresses, Services, EndpointSlices, Secrets
 * and ConfigMaps (kept only when wanted), and the controller's own ConfigMap, which may lie outside of the watched
 * namespace. Trouble with one kind leaves the others alone: a kind that may not be read is a finding, and the rest is
 * served (docs/decisions/021-forbidden-kinds.md says why the controller's own ConfigMap is waited for).
 */
import type { Finding } from "../../model/findings/findings.ts";
import type { Log } from "../../support/log.ts";
import { UserError } from "../../support/user-error.ts";
import type { Kind } from "../objects.ts";
import { keyOf, Snapshot } from "../snapshot.ts";
import type { WantedObjects } from "../snapshot.ts";
import type { Source } from "../source.ts";
import { readOwnNode, requireNamespace } from "./at-start.ts";
import { openConnection } from "./connection.ts";
import type { Connection, ConnectionOptions } from "./connection.ts";
import { catchUp } from "./catch-up.ts";
import type { Listeners } from "./catch-up.ts";
import { copyInto } from "./copy.ts";
import { forbiddenFinding, INGRESS_CLASSES_FORBIDDEN, ingressClassesForbidden, kindForbidden } from "./findings.ts";
import { watchForOutage } from "./outage.ts";
import type { Outage } from "./outage.ts";
import { keepNamed } from "./named.ts";
import { createPatience, REMEDY } from "./patience.ts";
import type { Patience } from "./patience.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorOptions } from "./reflector.ts";
import {
  collectionOf, CONFIG_MAPS, ENDPOINT_SLICES, gatewayResource, INGRESS_CLASSES, INGRESSES, NAMESPACES, NODES, SECRETS, SERVICES,
} from "./resources.ts";
import type { Collection, Resource } from "./resources.ts";
import type { ReflectorContext, Sink } from "./shared.ts";
import { createSlots } from "./slots.ts";
import { GATEWAY_KINDS, isGatewayKind, type GatewayKindName } from "../gateway/kinds.ts";
import { TIMING } from "./timing.ts";
import type { Timing } from "./timing.ts";
import { keepWanted, NOT_HELM } from "./wanted.ts";
import type { Wanted, WantedKind } from "./wanted.ts";

export interface KubernetesSourceOptions extends ConnectionOptions {
  /** Empty: all namespaces. */
  readonly watchNamespace: string;
  /** The controller's ConfigMap, `namespace/name`; empty: none. It may be outside of `watchNamespace`. */
  readonly configmap: string;
  /** `all`: every Secret is watched, and those that are wanted are kept. `named`: only those that are wanted are asked for. */
  readonly secrets?: "all" | "named";
  /** Whether Namespaces are read, for their labels. */
  readonly namespaces?: boolean;
  /** Whether objects of the Gateway API are read, as far as the cluster knows their kinds. */
  readonly gateways?: boolean;
  /** Whether the node that this pod runs on is read, for its zone. */
  readonly ownNode?: boolean;
  readonly log: Log;
  readonly timing?: Timing;
  /** Milliseconds after which `start`, `sync` and `want` reject, if nothing but failure comes of them. Absent: never. */
  readonly giveUpAfter?: number;
  /** With `giveUpAfter`: a kind that may not be read is a finding, and what may be read is enough. Absent: it is waited for, and given up. */
  readonly inPart?: boolean;
}

export interface KubernetesSource extends Source {
  /**
   * False when the account may not list IngressClasses: then there are none, and names and annotations decide, for as
   * long as this process runs. Known once `start` has resolved.
   */
  readonly classesReadable: boolean;
}

const READS_AT_ONCE = 2;

/** What exists once the connection is open. */
interface Running {
  readonly reflectors: readonly Pick<Reflector<unknown>, "run" | "reread" | "firstRead">[];
  readonly secrets: Pick<Wanted<"Secret">, "want" | "settled">;
  readonly configMaps: Pick<Wanted<"ConfigMap">, "want" | "settled">;
  readonly patience: Patience;
  readonly connection: Connection;
}

/**
 * Nothing is opened before `start`. See Source for what its functions promise.
 * Throws a UserError when `configmap` is not of the form `namespace/name`.
 */
export function kubernetesSource(options: KubernetesSourceOptions): KubernetesSource {
  const snapshot = new Snapshot();
  const findings = new Map<string, Finding>();
  const configmap = parseConfigmap(options.configmap);
  let description = options.kubeconfig || "Kubernetes API";
  let listed: readonly Finding[] = [];
  let wanted: WantedObjects = { secrets: new Set(), configMaps: new Set() };
  let running: Running | undefined;
  const counts = { reads: 0, rereads: 0, watches: 0, brokenWatches: 0, outages: 0 };
  const listeners: Listeners = new Set();
  let tell = (): void => {};

  /** `of`: the name of a resource, or of one object of it. */
  const note = (of: string, found: Finding | undefined): void => {
    if (!found && !findings.has(of)) return;
    if (found) findings.set(of, found);
    else findings.delete(of);
    listed = [...findings.values()];
    tell();
  };

  return {
    snapshot,
    get findings() {
      return listed;
    },
    get description() {
      return description;
    },
    get trouble() {
      const own = findings.get(ownName(options.configmap));
      if (own) return own.sentence;
      const trouble = running?.patience.trouble;
      return trouble && `${running?.connection.server} cannot be read: ${trouble}`;
    },
    get classesReadable() {
      return findings.get(INGRESS_CLASSES.name)?.code !== INGRESS_CLASSES_FORBIDDEN;
    },
    async start(changed, signal) {
      const connection = await openConnection(options);
      description = connection.description;
      const timing = options.timing ?? TIMING;
      const patience = createPatience(connection.server, options.giveUpAfter);
      const outage = reportFailures(watchForOutage(connection.server, options.log, timing, signal, counts), patience);
      const shared: ReflectorContext = {
        connection: reportAnswers(connection, outage, patience),
        outage, log: options.log, timing, reads: createSlots(READS_AT_ONCE), streams: true, failed: patience.failed, counts,
      };
      const snapshotChanged = (): void => {
        tell();
        for (const listener of [...listeners]) listener();
      };
      running = { ...assemble(shared, { ...options, configmap }, snapshot, note, snapshotChanged, signal), patience, connection };
      void wantNow(running, wanted);
      const ends = running.reflectors.map((reflector) => reflector.run(signal));
      void Promise.all(ends).finally(() => connection.close());
      await patience.within(Promise.all(running.reflectors.map(({ firstRead }) => firstRead)));
      await patience.within(askAtStart(shared, options, snapshot, note, signal));
      signal.throwIfAborted();
      tell = oncePerTurn(changed, signal);
    },
    async sync(signal) {
      if (!running) throw new Error("sync before start");
      const { reflectors, secrets, configMaps, patience } = running;
      const read = Promise.all(reflectors.map((reflector) => reflector.reread())).then(() => Promise.all([secrets.settled(), configMaps.settled()]));
      await orAborted(patience.within(read), signal);
    },
    async catchUp({ kind, namespace, name }, signal) {
      if (!running) throw new Error("catchUp before start");
      // An object outside of the watched namespace is never read.
      if (options.watchNamespace !== "" && namespace !== options.watchNamespace) return;
      await catchUp(running.connection, isGatewayKind(kind) ? gatewayResource(kind) : INGRESSES, { namespace, name }, snapshot, listeners, signal);
    },
    get counts() {
      return { ...counts, credentialRenewals: running?.connection.renewals ?? 0 };
    },
    async want(objects) {
      wanted = objects;
      if (running) await running.patience.within(wantNow(running, objects));
    },
  };
}

async function askAtStart(
  shared: ReflectorContext, { watchNamespace, ownNode, env = process.env }: KubernetesSourceOptions, snapshot: Snapshot,
  note: (of: string, found: Finding) => void, signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  if (watchNamespace !== "") await requireNamespace(shared, watchNamespace, signal);
  if (!ownNode) return;
  const node = await readOwnNode(shared, env, signal);
  if ("kind" in node) snapshot.put(node);
  else note(NODES.name, node);
}

function wantNow({ secrets, configMaps }: Pick<Running, "secrets" | "configMaps">, wanted: WantedObjects): Promise<unknown> {
  return Promise.all([secrets.want(wanted.secrets), configMaps.want(wanted.configMaps)]);
}

interface Assembled extends Pick<KubernetesSourceOptions, "watchNamespace" | "secrets" | "namespaces" | "gateways" | "giveUpAfter" | "inPart"> {
  readonly configmap: { readonly namespace: string; readonly name: string } | undefined;
}

function assemble(
  shared: ReflectorContext,
  { watchNamespace: namespace, configmap, secrets: access = "all", namespaces = false, gateways = false, giveUpAfter, inPart = false }: Assembled,
  snapshot: Snapshot,
  note: (of: string, found: Finding | undefined) => void, changed: () => void, signal: AbortSignal,
): Omit<Running, "patience" | "connection"> {
  // A command that reads once must not go on with half of the objects, unless it tells of that: it waits, and then gives up with the reason.
  const usually = giveUpAfter === undefined || inPart ? "answer" : "wait";
  const reflect = <T>(collection: Collection<Kind>, sink: Sink<T>, whenForbidden: ReflectorOptions<T>["whenForbidden"], name: string = collection.resource.name): Reflector<T> =>
    new Reflector(shared, {
      collection, sink, whenForbidden, mayBeAbsent: isGatewayKind(collection.resource.kind),
      forbidden(refusal) {
        note(name, forbiddenFinding(refusal.ended ? ingressClassesForbidden : kindForbidden, collection, refusal));
      },
      granted: () => note(name, undefined),
    });
  const plain = <K extends Kind>(resource: Resource<K>) =>
    reflect(collectionOf(resource, namespace), copyInto(snapshot, resource, changed), resource === INGRESS_CLASSES ? "end" : usually);
  const wanted = <K extends WantedKind>(collection: Collection<K>, except?: string) => {
    const reread = (): Promise<boolean> => reflector.reread();
    const kept = keepWanted(shared, { collection, snapshot, changed, reread, signal, ...(except === undefined ? {} : { except }) });
    const reflector = reflect(collection, kept.sink, usually);
    return { kept, reflector };
  };

  const noteSecret = (key: string, found: Finding | undefined): void => note(`${SECRETS.name} ${key}`, found);
  const named = access === "named" ? keepNamed(shared, { namespace, snapshot, changed, note: noteSecret, signal }) : undefined;
  const secrets = named ? { kept: named, reflector: named } : wanted(collectionOf(SECRETS, namespace, NOT_HELM));
  const own = configmap && keyOf(configmap.namespace, configmap.name);
  const configMaps = wanted(collectionOf(CONFIG_MAPS, namespace), own);
  return {
    secrets: secrets.kept,
    configMaps: configMaps.kept,
    reflectors: [
      plain(INGRESS_CLASSES),
      plain(INGRESSES),
      plain(SERVICES),
      plain(ENDPOINT_SLICES),
      ...(namespaces || gateways ? [plain(NAMESPACES)] : []),
      ...(gateways ? (Object.keys(GATEWAY_KINDS) as GatewayKindName[]).map((kind) => plain(gatewayResource(kind))) : []),
      secrets.reflector,
      configMaps.reflector,
      ...(configmap ? [reflect(ownConfigMap(configmap), copyInto(snapshot, CONFIG_MAPS, changed, (key) => key === own), inPart ? "answer" : "wait", ownName(own ?? ""))] : []),
    ],
  };
}

/** The key under which the finding about the controller's own ConfigMap is noted. */
function ownName(key: string): string {
  return `${CONFIG_MAPS.name} ${key}`;
}

function ownConfigMap({ namespace, name }: { readonly namespace: string; readonly name: string }): Collection<"ConfigMap"> {
  return collectionOf(CONFIG_MAPS, namespace, `metadata.name=${name}`);
}

/** The same outage, telling `patience` of each failure. */
function reportFailures(outage: Outage, patience: Patience): Outage {
  return {
    ...outage,
    failed(reason) {
      patience.failed(`${reason}; start it, ${REMEDY}`);
      return outage.failed(reason);
    },
  };
}

/** The same connection, telling `outage` of each answer, and `patience` of those that grant what was asked. */
function reportAnswers(connection: Connection, outage: Outage, patience: Patience): Connection {
  return {
    ...connection,
    async request(...request) {
      const response = await connection.request(...request);
      outage.answered();
      if (response.statusCode < 300) patience.answered();
      return response;
    },
  };
}

/** However often it is called, `changed` is called once in this turn of the event loop, and never after the abort. */
function oncePerTurn(changed: () => void, signal: AbortSignal): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      if (!signal.aborted) changed();
    });
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function parseConfigmap(value: string): { namespace: string; name: string } | undefined {
  if (value === "") return undefined;
  const [namespace, name, ...rest] = value.split("/");
  if (namespace && name && rest.length === 0) return { namespace, name };
  throw new UserError(`--configmap is "${value}"; write it as namespace/name.`);
}
