/**
 * Events as the API server takes them (core/v1, which `kubectl describe` of every release reads). Pure.
 *
 * ingress-nginx behaviour: the component `nginx-ingress-controller`, the reasons Sync, RELOAD, CREATE, UPDATE and
 * AnnotationParsingFailed, and their messages, so that alerts and dashboards go on working.
 */
import { CLOSED, findingText } from "../../model/findings/findings.ts";
import type { Finding } from "../../model/findings/findings.ts";
import { GATEWAY_GROUP, isGatewayKind } from "../../source/gateway/kinds.ts";
import { digestOf } from "../../support/digest.ts";
import { asSentence, printable } from "../../support/text.ts";

export type EventType = "Normal" | "Warning";

/** What an Event is about. */
export interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty: cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  /** `kubectl describe` finds an object's Events by it. */
  readonly uid: string;
}

export interface EventDraft {
  readonly object: Involved;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  /** False: the Event may have been written before, by another replica or by this one before it was restarted. */
  readonly fresh: boolean;
}

const API_VERSIONS: Readonly<Record<string, string>> = {
  Ingress: "networking.k8s.io/v1", IngressClass: "networking.k8s.io/v1", EndpointSlice: "discovery.k8s.io/v1",
};

export function apiVersionOf(kind: string): string {
  return API_VERSIONS[kind] ?? (isGatewayKind(kind) ? `${GATEWAY_GROUP}/v1` : "v1");
}

export const SYNC = { type: "Normal", reason: "Sync", message: "Scheduled for sync" } as const;

/** `path-conflict` becomes PathConflict. A finding that closes an Ingress gets the reason that ingress-nginx gives for that. */
export function eventReason({ code, effect }: Finding): string {
  if (effect === CLOSED) return "AnnotationParsingFailed";
  return code.split("-").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

/** The longest message that is written, in characters: about the limit of events.k8s.io. core/v1 has none, but people have to read it. */
const LONGEST_MESSAGE = 1024;

export function messageOf(finding: Finding): string {
  const text = findingText(finding);
  return cut(finding.effect === CLOSED ? `Error parsing annotations: ${text}` : text);
}

export function cut(text: string): string {
  const line = printable(text);
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE - 1)}…`;
}

/** The message when a finding that was told is mended. @param sentence the finding's, or that of its other object */
export function mendedMessage(sentence: string): string {
  return cut(`No longer the case: ${asSentence(sentence)}`);
}

/**
 * The name is the same for the same message about the same object, whoever writes it. So several replicas, or a controller
 * before and after a restart, make one Event of it.
 */
export function eventName({ object: { kind, name, uid }, type, reason, message }: EventDraft): string {
  const digest = digestOf([kind, uid, type, reason, message].join("\n"));
  // The name of a pod or an Ingress may have 253 characters, and that of an Event no more.
  return `${name.slice(0, 253 - 33).replace(/[.-]+$/, "")}.${digest}`;
}

/** Where Events about cluster-scoped objects are kept. */
export function eventNamespace({ object }: EventDraft): string {
  return object.namespace || "default";
}

/** @param instance name of this replica. */
export function newEvent(draft: EventDraft, instance: string, count: number, now: Date): object {
  const { apiVersion, kind, namespace, name, uid } = draft.object;
  const time = timeOf(now);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: eventName(draft), namespace: eventNamespace(draft) },
    involvedObject: { apiVersion, kind, name, uid, ...(namespace === "" ? {} : { namespace }) },
    type: draft.type,
    reason: draft.reason,
    message: draft.message,
    firstTimestamp: time,
    lastTimestamp: time,
    count,
    source: { component: "nginx-ingress-controller", host: instance },
    reportingComponent: "nginx-ingress-controller",
    reportingInstance: instance,
  };
}

/** metav1.Time has whole seconds. */
export function timeOf(now: Date): string {
  return now.toISOString().replace(/\.[0-9]+Z$/, "Z");
}
