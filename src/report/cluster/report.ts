/**
 * Ties together what Sluice writes to its cluster: the status of Ingresses, Events, and the Lease by which replicas elect
 * the one that writes both.
 *
 * Guarantees: nothing here delays or stops serving; a right that the account lacks is a finding; Ingresses that are not
 * ours are never touched.
 */
import type { EngineState } from "../../engine/engine.ts";
import { LEGACY_CLASS } from "../../source/snapshot.ts";
import type { Finding } from "../../model/findings/findings.ts";
import type { Built, OwnObject } from "../../model/model.ts";
import type { ObjectStatus } from "../../model/shapes/object-status.ts";
import type { Told } from "../../rollout/release.ts";
import type { Settings } from "../../settings.ts";
import type { Connection } from "../../source/kubernetes/transport.ts";
import type { Ingress, IngressAddress } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import type { Log } from "../../support/log.ts";
import { splitName } from "../../support/namespaced-name.ts";
import type { ProgrammedObjects } from "../programmed.ts";
import { createClusterEvents } from "../events/cluster-events.ts";
import type { ClusterEvents } from "../events/cluster-events.ts";
import type { EventCounts } from "../events/recorder.ts";
import { findAddresses } from "../status/address-source.ts";
import type { AddressSource } from "../status/address-source.ts";
import { sameAddresses } from "../status/addresses.ts";
import { gatewayStatus } from "../status/gateway-status.ts";
import { addressesIn, addressWish, createStatusWriter, statusWish } from "../status/status-writer.ts";
import type { StatusCounts, StatusWriter, StatusWish } from "../status/status-writer.ts";
import { clusterApi } from "./api.ts";
import type { ClusterApi } from "./api.ts";
import { othersRun } from "./farewell.ts";
import { standForElection } from "./leader.ts";
import type { Election, ElectionOptions } from "./leader.ts";
import { identifySelf } from "./pod.ts";
import type { Self } from "./pod.ts";

export interface ClusterReportOptions {
  readonly settings: Settings;
  /** Opens the connection for all writes; `stop` closes it. */
  readonly connect: () => Promise<Connection>;
  readonly snapshot: Snapshot;
  readonly programmed: ProgrammedObjects;
  readonly programmedGateways: ProgrammedObjects<ObjectStatus>;
  readonly state: () => EngineState;
  /** Called when `findings` changed. */
  readonly changed: () => void;
  /** What is noted on the Lease, and who hears of what others note there (see ElectionOptions). */
  readonly onLease: Required<Pick<ElectionOptions, "notes" | "noted">>;
  readonly log: Log;
  readonly env?: NodeJS.ProcessEnv;
}

/** Numbers for metrics; all of them only ever grow, but for `leading`. */
export interface ClusterCounts {
  /** Whether this replica leads; undefined without an election. */
  readonly leading: boolean | undefined;
  readonly terms: number;
  readonly status: StatusCounts;
  readonly events: EventCounts;
}

export interface ClusterReport {
  /** Whether this replica leads; undefined without an election. */
  readonly leading: boolean | undefined;
  /** Reads what is noted on the Lease; may be called before `start`. */
  readLease(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Renews the Lease, or looks who has it, without waiting for its time. */
  hurry(): void;
  start(): Promise<void>;
  /** To be called after a turn, once the engine has been told. */
  taken(built: Built): void;
  engineChanged(): void;
  /** Takes everything that is wrong now, for Events. */
  found(all: readonly Finding[]): void;
  /** Tells of a release, as an Event on the canary's Ingress (`namespace/name`). */
  tellRollout(key: string, told: Told): void;
  /** What keeps this report from being written. */
  findings(): readonly Finding[];
  counts(): ClusterCounts;
  /** Takes the addresses away if the flags say so, and gives the Lease back; bounded in time. */
  stop(): Promise<void>;
}

/** Most milliseconds for taking the addresses away. */
const FAREWELL_MS = 10_000;

interface Parts {
  readonly api: ClusterApi;
  readonly self: Self;
  readonly election: Election | undefined;
  readonly addresses: AddressSource;
  readonly status: StatusWriter;
  readonly events: ClusterEvents;
}

/** Callbacks of the parts. */
interface Links {
  readonly elected: (term: AbortSignal) => void;
  readonly wish: (key: string) => StatusWish | undefined;
  /** The addresses, or the finding about them, changed. */
  readonly changed: () => void;
}

export function createClusterReport(options: ClusterReportOptions): ClusterReport {
  const { settings, snapshot, programmed } = options;
  /** Objects that are ours, as of the last turn. */
  let ours: ReadonlyMap<string, OwnObject> | undefined;
  let wrong: readonly Finding[] | undefined;
  /** Ingresses that were ours and now have another class, but still our addresses; in the version with that class. */
  const leaving = new Map<string, Ingress>();
  /** Sluice stops, and all addresses are to be taken away. */
  let ending = false;
  let parts: Parts | undefined;
  /** What is said of Gateways and routes, as of the last turn. */
  let judged: ReadonlyMap<string, ObjectStatus> = new Map();
  const ports = watchPorts(options.state);
  const keys = (): Iterable<string> => [...(ours?.keys() ?? []), ...judged.keys()];

  const wish = (key: string): StatusWish | undefined => {
    const said = judged.get(key);
    if (said) return ending ? undefined : gatewayWish(options, key, said, parts?.addresses.addresses ?? []);
    const addresses = parts?.addresses.addresses;
    if (!addresses) return undefined;
    const own = ours?.get(key);
    if (!own) {
      const ingress = leaving.get(key);
      return ingress && addressWish(ingress, []);
    }
    if (ending) return addressWish(own.object, [], addresses);
    if (own.refused || !programmed.version(key)) return undefined;
    return addressWish(own.object, addresses);
  };

  const elected = (term: AbortSignal): void => {
    if (!parts) return;
    const { addresses, status, events } = parts;
    if (settings.updateStatus) {
      status.lead(term);
      addresses.follow(term);
      status.look(keys());
    }
    events.lead(term);
  };

  /** Notes an Ingress whose class was changed, so that it loses our addresses. One whose IngressClass is gone keeps them. */
  const noteLeaving = (key: string, before: OwnObject): void => {
    const addresses = parts?.addresses.addresses;
    const { kind, metadata: { namespace, name } } = before.object;
    const now = snapshot.get(kind, namespace, name);
    if (!now || !addresses || !parts?.election?.leading || classOf(now) === classOf(before.object)) return;
    if (addresses.length > 0 && sameAddresses(addressesIn(now), addresses)) leaving.set(key, now);
  };

  let preparing: Promise<Parts> | undefined;
  const changed = (): void => (parts?.status.look(keys()), options.changed());
  const prepared = async (): Promise<Parts> => {
    preparing ??= options.connect().then((connection) => assemble(options, connection, { elected, wish, changed }));
    // A connection that could not be opened is tried again by whoever asks next.
    preparing.catch(() => (preparing = undefined));
    return await preparing;
  };

  return {
    get leading() {
      return parts?.election?.leading;
    },
    readLease: async (signal) => (await (await prepared()).election?.read(signal)) ?? {},
    hurry: () => parts?.election?.hurry(),
    async start() {
      parts = await prepared();
      if (ours) parts.events.take({ own: ours, judged }, ours.keys());
      if (wrong) parts.events.found(wrong);
      if (settings.updateStatus) for (const one of [programmed, options.programmedGateways]) one.listen((news) => parts?.status.look(news));
      void parts.election?.run();
      if (!parts.election) parts.events.lead(new AbortController().signal);
    },
    taken(built) {
      const changed = built.change.own;
      forgetChanged(leaving, snapshot);
      for (const key of changed) {
        const before = ours?.get(key);
        if (before && !built.own.has(key)) noteLeaving(key, before);
      }
      ({ own: ours, judged } = built);
      parts?.events.take(built, changed);
      if (settings.updateStatus) parts?.status.look([...changed, ...built.change.judged]);
    },
    engineChanged() {
      parts?.events.engineChanged(options.state());
      if (ports.changed()) parts?.status.look(judged.keys());
    },
    found(all) {
      // Before the first turn nothing was read, so a finding that is absent is not mended.
      if (!ours) return;
      wrong = all;
      parts?.events.found(all);
    },
    tellRollout(key, told) {
      const ref = splitName(key);
      if (ref) parts?.events.tell({ kind: "Ingress", ...ref }, { type: told.reason === "RolloutFailed" ? "Warning" : "Normal", ...told });
    },
    findings() {
      if (!parts) return [];
      return [...parts.api.findings(), ...(parts.addresses.finding ? [parts.addresses.finding] : [])];
    },
    counts: () => countsOf(parts),
    async stop() {
      const all = parts ?? (await preparing?.catch(() => undefined));
      if (all) await end(all, options, () => {
        ending = true;
        return keys();
      });
    },
  };
}

/** Tells when other ports than the last time cannot be opened. */
function watchPorts(state: () => EngineState): { changed(): boolean } {
  let before: EngineState["frontsBlocked"] | undefined;
  return {
    changed() {
      const now = state().frontsBlocked;
      const differs = before !== undefined && before !== now;
      before = now;
      return differs;
    },
  };
}

/** An Ingress that was changed meanwhile, by our write or by somebody else, is no longer the one to be written. */
function forgetChanged(leaving: Map<string, Ingress>, snapshot: Snapshot): void {
  for (const [key, ingress] of leaving) {
    const { kind, metadata: { namespace, name } } = ingress;
    if (snapshot.get(kind, namespace, name) !== ingress) leaving.delete(key);
  }
}

/** @param addresses those of this controller, for Gateways without any of their own */
function gatewayWish(options: ClusterReportOptions, key: string, said: ObjectStatus, addresses: readonly IngressAddress[]): StatusWish {
  const shared = addresses.flatMap(({ ip, hostname }) => {
    if (ip !== undefined) return [{ type: "IPAddress", value: ip }];
    return hostname === undefined ? [] : [{ type: "Hostname", value: hostname }];
  });
  const { settings, programmedGateways } = options;
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const facts = { controller: settings.gatewayController, programmed: programmedGateways.version(key) === said.object, shared, now, blocked: new Set([...options.state().frontsBlocked.keys()].map(({ id }) => id)) };
  return statusWish(said.object, said.object.status, gatewayStatus(said, facts));
}

/** @param take says which Ingresses are to lose their addresses */
async function end({ api, self, status, election, events }: Parts, { settings, log }: ClusterReportOptions, take: () => Iterable<string>): Promise<void> {
  const limit = AbortSignal.timeout(FAREWELL_MS);
  if (settings.updateStatus && settings.updateStatusOnShutdown && election?.leading && !(await othersRun(api, self, log, limit))) {
    await status.drain(take(), limit);
    if (limit.aborted) log("warn", `not all Ingresses lost their addresses within ${FAREWELL_MS / 1000} s`);
  }
  await election?.resign();
  await events.stop();
  await api.connection.close();
}

function assemble(options: ClusterReportOptions, connection: Connection, links: Links): Parts {
  const { elected, wish, changed } = links;
  const { settings, log } = options;
  const api = clusterApi(connection, options.changed);
  const self = identifySelf(connection.namespace, options.env);
  const { watchNamespace: namespace } = settings;
  const addresses = findAddresses({ settings, api, self, log, changed });
  return {
    api,
    self,
    addresses,
    election: settings.disableLeaderElection ? undefined : standForElection({
      api, log, elected, ...options.onLease, namespace: self.namespace, name: settings.electionId, identity: self.identity, ttl: settings.electionTtl * 1000,
    }),
    status: createStatusWriter({ api, namespace, log, wish }),
    events: createClusterEvents({ settings, api, self, snapshot: options.snapshot, log }),
  };
}

function countsOf(parts: Parts | undefined): ClusterCounts {
  return {
    leading: parts?.election?.leading,
    terms: parts?.election?.terms ?? 0,
    status: parts?.status.counts ?? { written: 0, outdated: 0, failed: 0 },
    events: parts?.events.counts ?? { created: 0, repeated: 0, known: 0, dropped: 0, failed: 0 },
  };
}

function classOf({ spec, metadata }: Ingress): string {
  return JSON.stringify([spec.ingressClassName, metadata.annotations?.[LEGACY_CLASS]]);
}
