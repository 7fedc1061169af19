/**
 * What Sluice writes to its cluster: the status of Ingresses, Events, and the Lease by which replicas elect the one that
 * writes both.
 *
 * Guarantees: nothing here delays or stops serving; a right that the account lacks is a finding; Ingresses that are not
 * ours are never touched.
 */
import type { EngineState } from "../../engine/engine.ts";
import { LEGACY_CLASS } from "../../source/snapshot.ts";
import type { Finding } from "../../model/findings/findings.ts";
import type { Built, OwnIngress } from "../../model/model.ts";
import type { Settings } from "../../settings.ts";
import type { Connection } from "../../source/kubernetes/transport.ts";
import type { Ingress } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import type { Log } from "../../support/log.ts";
import type { ProgrammedIngresses } from "../programmed.ts";
import { createClusterEvents } from "../events/cluster-events.ts";
import type { ClusterEvents } from "../events/cluster-events.ts";
import type { EventCounts } from "../events/recorder.ts";
import { findAddresses } from "../status/address-source.ts";
import type { AddressSource } from "../status/address-source.ts";
import { sameAddresses } from "../status/addresses.ts";
import { addressesIn, createStatusWriter } from "../status/status-writer.ts";
import type { StatusCounts, StatusWriter, StatusWish } from "../status/status-writer.ts";
import { clusterApi } from "./api.ts";
import type { ClusterApi } from "./api.ts";
import { othersRun } from "./farewell.ts";
import { standForElection } from "./leader.ts";
import type { Election } from "./leader.ts";
import { identifySelf } from "./pod.ts";
import type { Self } from "./pod.ts";

export interface ClusterReportOptions {
  readonly settings: Settings;
  /** Opens the connection that everything is written over; it is closed at the end. */
  readonly connect: () => Promise<Connection>;
  readonly snapshot: Snapshot;
  readonly programmed: ProgrammedIngresses;
  readonly state: () => EngineState;
  /** What this itself finds wrong came out different. */
  readonly changed: () => void;
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
  start(): Promise<void>;
  /** After a turn, once the engine has been told. */
  taken(built: Built): void;
  engineChanged(): void;
  /** Everything that is wrong now. */
  found(all: readonly Finding[]): void;
  findings(): readonly Finding[];
  counts(): ClusterCounts;
  /** Takes the addresses away if that is wished, and gives the Lease back; bounded. */
  stop(): Promise<void>;
}

/** How long taking the addresses away may take. */
const FAREWELL_MS = 10_000;

interface Parts {
  readonly api: ClusterApi;
  readonly self: Self;
  readonly election: Election | undefined;
  readonly addresses: AddressSource;
  readonly status: StatusWriter;
  readonly events: ClusterEvents;
}

/** What the parts call. */
interface Links {
  readonly elected: (term: AbortSignal) => void;
  readonly wish: (key: string) => StatusWish | undefined;
  /** Addresses, or a finding about them, came out different. */
  readonly changed: () => void;
}

export function createClusterReport(options: ClusterReportOptions): ClusterReport {
  const { settings, snapshot, programmed, log } = options;
  /** As of the last turn. */
  let ours: ReadonlyMap<string, OwnIngress> | undefined;
  let wrong: readonly Finding[] | undefined;
  /** Ingresses that another class has now, in the version in which it got that, with addresses that are ours. */
  const leaving = new Map<string, Ingress>();
  /** All addresses are to be taken away. */
  let ending = false;
  let parts: Parts | undefined;
  const keys = (): Iterable<string> => ours?.keys() ?? [];

  const wish = (key: string): StatusWish | undefined => {
    const addresses = parts?.addresses.addresses;
    if (!addresses) return undefined;
    const own = ours?.get(key);
    if (!own) {
      const ingress = leaving.get(key);
      leaving.delete(key);
      return ingress && { ingress, addresses: [] };
    }
    if (ending) return { ingress: own.ingress, addresses: [], from: addresses };
    if (own.refused || !programmed.version(key)) return undefined;
    return { ingress: own.ingress, addresses };
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

  /** One whose class was changed keeps no address of ours. That its IngressClass is gone is no such change. */
  const noteLeaving = (key: string, before: OwnIngress): void => {
    const addresses = parts?.addresses.addresses;
    const [namespace = "", name = ""] = key.split("/");
    const now = snapshot.get("Ingress", namespace, name);
    if (!now || !addresses || !parts?.election?.leading || classOf(now) === classOf(before.ingress)) return;
    if (addresses.length > 0 && sameAddresses(addressesIn(now), addresses)) leaving.set(key, now);
  };

  return {
    async start() {
      const connection = await options.connect();
      const changed = (): void => {
        parts?.status.look(keys());
        options.changed();
      };
      parts = assemble(options, connection, { elected, wish, changed });
      if (ours) parts.events.take(ours, ours.keys());
      if (wrong) parts.events.found(wrong);
      if (settings.updateStatus) programmed.listen((news) => parts?.status.look(news));
      void parts.election?.run();
      if (!parts.election) parts.events.lead(new AbortController().signal);
    },
    taken(built) {
      const changed = built.change.ingresses;
      for (const key of changed) {
        const before = ours?.get(key);
        if (before && !built.ingresses.has(key)) noteLeaving(key, before);
      }
      ours = built.ingresses;
      parts?.events.take(ours, changed);
      if (settings.updateStatus) parts?.status.look(changed);
    },
    engineChanged() {
      parts?.events.engineChanged(options.state());
    },
    found(all) {
      // Before anything was read, what is wrong is not known.
      if (!ours) return;
      wrong = all;
      parts?.events.found(all);
    },
    findings() {
      if (!parts) return [];
      const { api, addresses } = parts;
      return [...api.findings(), ...(addresses.finding ? [addresses.finding] : [])];
    },
    counts: () => ({
      leading: parts?.election?.leading,
      terms: parts?.election?.terms ?? 0,
      status: parts?.status.counts ?? { written: 0, outdated: 0, failed: 0 },
      events: parts?.events.counts ?? { created: 0, repeated: 0, known: 0, dropped: 0, failed: 0 },
    }),
    async stop() {
      if (!parts) return;
      const { api, self, status, election, events } = parts;
      const limit = AbortSignal.timeout(FAREWELL_MS);
      if (settings.updateStatus && settings.updateStatusOnShutdown && election?.leading && !(await othersRun(api, self, log, limit))) {
        ending = true;
        await status.drain(keys(), limit);
        if (limit.aborted) log("warn", `not all Ingresses lost their addresses within ${FAREWELL_MS / 1000} s`);
      }
      await election?.resign();
      await events.stop();
      await api.connection.close();
    },
  };
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
      api, log, elected, namespace: self.namespace, name: settings.electionId, identity: self.identity, ttl: settings.electionTtl * 1000,
    }),
    status: createStatusWriter({ api, namespace, log, wish }),
    events: createClusterEvents({ settings, api, self, snapshot: options.snapshot, log }),
  };
}

function classOf({ spec, metadata }: Ingress): string {
  return JSON.stringify([spec.ingressClassName, metadata.annotations?.[LEGACY_CLASS]]);
}
