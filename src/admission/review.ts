/**
 * AdmissionReview (admission.k8s.io/v1) as bytes: what an API server asks, and what it is told.
 *
 * Guarantee: whatever the bytes are, reading them never throws and takes memory and time in proportion to what an API
 * server could have sent: bodies of too many values, or nested too deeply, are not parsed.
 */
import type { Ingress } from "../source/objects.ts";
import { fields, textOrNone, trimIngress } from "../source/kubernetes/trim.ts";

/** What the API server wants to know. */
export interface Question {
  readonly uid: string;
  /** CREATE, UPDATE, DELETE or CONNECT. */
  readonly operation: string;
  /** As kubectl would write it: `ingresses.networking.k8s.io`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent when there is none, or when it is no Ingress. */
  readonly object?: Ingress;
  readonly oldObject?: Ingress;
  /** The object is being deleted, and only its finalizers are left. */
  readonly deleting: boolean;
}

export interface ReviewAnswer {
  readonly allowed: boolean;
  /** Why it is not allowed. */
  readonly message?: string;
  readonly warnings?: readonly string[];
}

/** The HTTP answer to a request that is no AdmissionReview. */
export interface Unreadable {
  readonly status: number;
  readonly message: string;
}

export const INGRESS_RESOURCE = "ingresses.networking.k8s.io";
const API = "admission.k8s.io/v1";
/** An object in etcd has 1.5 MiB at most, and two of them are sent; each of their values takes some bytes. */
const MOST_VALUES = 400_000;
const DEEPEST = 100;

export function readReview(body: Buffer): Question | Unreadable {
  const excess = whyTooMuch(body);
  if (excess !== undefined) return { status: 400, message: excess };
  const review = fields(parse(body));
  if (review["kind"] !== "AdmissionReview") return { status: 400, message: "the body is no AdmissionReview in JSON" };
  if (review["apiVersion"] !== API) return { status: 400, message: `only ${API} is answered: list v1 under admissionReviewVersions` };
  const request = fields(review["request"]);
  const uid = textOrNone(request["uid"]);
  if (!uid) return { status: 400, message: "the AdmissionReview has no request with a uid" };
  const { resource, group } = fields(request["resource"]);
  const plural = [textOrNone(resource), textOrNone(request["subResource"])].filter(Boolean).join("/");
  const object = ingressIn(request, "object");
  const oldObject = ingressIn(request, "oldObject");
  return {
    uid,
    operation: textOrNone(request["operation"]) ?? "",
    resource: group ? `${plural}.${textOrNone(group) ?? ""}` : plural,
    namespace: textOrNone(request["namespace"]) ?? "",
    name: textOrNone(request["name"]) ?? "",
    ...(object ? { object } : {}),
    ...(oldObject ? { oldObject } : {}),
    deleting: textOrNone(fields(fields(request["object"])["metadata"])["deletionTimestamp"]) !== undefined,
  };
}

export function writeReview(uid: string, { allowed, message, warnings = [] }: ReviewAnswer): string {
  return JSON.stringify({
    apiVersion: API,
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(allowed ? {} : { status: { status: "Failure", code: 400, reason: "BadRequest", message: message ?? "" } }),
    },
  });
}

/** The Ingress under `key`. Its name and namespace may be given in the request only, and not in the object. */
function ingressIn(request: Readonly<Record<string, unknown>>, key: "object" | "oldObject"): Ingress | undefined {
  const raw = fields(request[key]);
  if (raw["kind"] !== "Ingress" || raw["apiVersion"] !== "networking.k8s.io/v1") return undefined;
  const metadata = fields(raw["metadata"]);
  const name = textOrNone(metadata["name"]) || textOrNone(request["name"]) || textOrNone(metadata["generateName"]) || "unnamed";
  const namespace = textOrNone(metadata["namespace"]) || textOrNone(request["namespace"]) || "default";
  return trimIngress({ ...raw, metadata: { ...metadata, name, namespace } });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Why the body should not be parsed; undefined: it may be. Counts brackets and commas without keeping anything. */
function whyTooMuch(body: Buffer): string | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < body.length; at++) {
    switch (body[at]) {
      case QUOTE:
        at = endOfString(body, at + 1);
        break;
      case 0x7b: // {
      case 0x5b: // [
        values++;
        if (++depth > DEEPEST) return `the body is nested more than ${DEEPEST} levels deep`;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2c: // ,
        values++;
        break;
      default:
    }
    if (values > MOST_VALUES) return `the body has more than ${MOST_VALUES} values`;
  }
  return undefined;
}

/** Where the string that began before `from` ends. */
function endOfString(body: Buffer, from: number): number {
  for (let at = from; ; at++) {
    const end = body.indexOf(QUOTE, at);
    if (end < 0) return body.length;
    let escapes = 0;
    while (end - escapes > from && body[end - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
    at = end;
  }
}
