/**
 * The Events that Sluice writes: what it takes in, what it finds wrong, and what becomes of nginx.
 *
 * Only the leader writes Events about Ingresses and other objects of people's; every replica writes those about reloads, on
 * its own Pod. Without an election every replica writes all Events, under names that make equal ones a single Event.
 */
import type { EngineState } from "../../engine/engine.ts";
import type { Finding, Subject } from "../../model/findings/findings.ts";
import type { Built, OwnObject, RoutingObject } from "../../model/model.ts";
import { objectKey } from "../../model/shapes/lookup.ts";
import type { ObjectStatus } from "../../model/shapes/object-status.ts";
import type { Settings } from "../../settings.ts";
import { isGatewayKind } from "../../source/gateway/kinds.ts";
import type { AnyObject } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import type { Log } from "../../support/log.ts";
import { splitName } from "../../support/namespaced-name.ts";
import type { ClusterApi } from "../cluster/api.ts";
import type { Self } from "../cluster/pod.ts";
import { cut, SYNC, type EventDraft } from "./event.ts";
import { createFindingEvents, involvedOf } from "./finding-events.ts";
import { createRecorder } from "./recorder.ts";
import type { EventCounts } from "./recorder.ts";
import { watchReloads } from "./reload-events.ts";

export interface ClusterEventsOptions {
  readonly settings: Settings;
  readonly api: ClusterApi;
  readonly self: Self;
  readonly snapshot: Snapshot;
  readonly log: Log;
}

export interface ClusterEvents {
  /** Takes the objects that are ours now, and which of the first kind changed. */
  take(ours: Pick<Built, "own" | "judged">, changed: Iterable<string>): void;
  /** Takes everything that is wrong now. */
  found(all: readonly Finding[]): void;
  engineChanged(state: EngineState): void;
  /** Tells something of an object, if this replica leads. */
  tell(subject: Subject, what: Pick<EventDraft, "type" | "reason" | "message">): void;
  /** Tells of objects until `term` aborts. */
  lead(term: AbortSignal): void;
  stop(): Promise<void>;
  readonly counts: EventCounts;
}

export function createClusterEvents(options: ClusterEventsOptions): ClusterEvents {
  const { settings, api, self, snapshot, log } = options;
  const ending = new AbortController();
  const recorder = createRecorder({ api, instance: self.identity, namespace: settings.watchNamespace, log });
  const running = recorder.run(ending.signal);
  let ours: ReadonlyMap<string, OwnObject> | undefined;
  let judged: Built["judged"] = new Map();
  let leading = false;
  let everLed = false;
  const configMaps = new Map<string, AnyObject | undefined>();

  const lookUp = ({ kind, namespace, name }: Subject): AnyObject | undefined => {
    if (kind === "Ingress") return ours?.get(objectKey(kind, namespace, name))?.object ?? snapshot.get(kind, namespace, name);
    if (isGatewayKind(kind)) return isOurs(judged.get(objectKey(kind, namespace, name))) ? snapshot.get(kind, namespace, name) : undefined;
    return kind === "Service" || kind === "Secret" || kind === "ConfigMap" || kind === "IngressClass" ? snapshot.get(kind, namespace, name) : undefined;
  };
  const about = createFindingEvents({
    lookUp,
    tell: (draft) => recorder.tell(draft),
  });
  const reloads = watchReloads({ api, self, tell: (draft) => recorder.tell(draft), log, signal: ending.signal });

  const tellOf = (subject: Subject, what: Pick<EventDraft, "type" | "reason" | "message">, fresh: boolean): void => {
    const object = involvedOf(subject, lookUp);
    if (object) recorder.tell({ object, ...what, fresh });
  };

  const sync = ({ kind, metadata: { namespace, name } }: RoutingObject, fresh: boolean): void => tellOf({ kind, namespace, name }, SYNC, fresh);

  /** ingress-nginx behaviour: the ConfigMaps that flags name have Events of their own. */
  const takeConfigMaps = (fresh: boolean): void => {
    for (const flag of [settings.configmap, settings.tcpServicesConfigmap, settings.udpServicesConfigmap]) {
      const ref = splitName(flag);
      const now = ref && snapshot.get("ConfigMap", ref.namespace, ref.name);
      const before = configMaps.get(flag);
      configMaps.set(flag, now);
      if (!ref || !now || now === before || !leading) continue;
      const reason = before === undefined || !fresh ? "CREATE" : "UPDATE";
      tellOf({ kind: "ConfigMap", ...ref }, { type: "Normal", reason, message: `ConfigMap ${ref.namespace}/${ref.name}` }, fresh);
    }
  };

  return {
    counts: recorder.counts,
    take({ own: all, judged: said }, changed) {
      const before = ours;
      ours = all;
      judged = said;
      if (settings.disableSyncEvents) return;
      if (leading && before) {
        for (const key of changed) {
          const now = all.get(key)?.object;
          if (now && !saysTheSame(before.get(key)?.object, now)) sync(now, true);
        }
      }
      if (leading) takeConfigMaps(true);
    },
    found: (all) => about.take(all),
    engineChanged: (state) => reloads.look(state),
    tell(subject, { type, reason, message }) {
      if (leading) tellOf(subject, { type, reason, message: cut(message) }, true);
    },
    lead(term) {
      if (settings.disableSyncEvents) return;
      leading = true;
      about.begin();
      // A leader before us has told of all objects, unless there was none: a process that has just started may be the first.
      if (!everLed) for (const { object } of ours?.values() ?? []) sync(object, false);
      takeConfigMaps(everLed);
      everLed = true;
      term.addEventListener("abort", () => {
        leading = false;
        about.end();
        recorder.clear();
      }, { once: true });
    },
    async stop() {
      about.end();
      ending.abort(new Error("stopping"));
      await running;
    },
  };
}

/** Of routes, those that name a Gateway of ours. */
function isOurs(said: ObjectStatus | undefined): boolean {
  return said !== undefined && said.parents?.length !== 0;
}

/** True when the new version differs in nothing but its status, or in what other controllers note in the metadata. */
function saysTheSame(before: RoutingObject | undefined, now: RoutingObject): boolean {
  if (!before) return false;
  const { generation } = now.metadata;
  return before.metadata.uid === now.metadata.uid && generation !== undefined && generation === before.metadata.generation &&
    JSON.stringify(before.metadata.annotations) === JSON.stringify(now.metadata.annotations);
}
