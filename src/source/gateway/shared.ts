/** Parts that several kinds of the Gateway API have. Fields and their meaning: gateway.networking.k8s.io/v1, release 1.7. */
import { flagged, json, listOf, objectOf, text, texts, wholeNumber } from "./shape.ts";
import type { ValueOf } from "./shape.ts";

export const MOST_INT32 = 2 ** 31 - 1;
const port = wholeNumber(1, 65535);

/** Absent fields have defaults that depend on where the reference stands. */
const REFERENCE = { group: text, kind: text, namespace: text, name: text } as const;
export const OBJECT_REFERENCE = objectOf(REFERENCE);
export type ObjectReference = ValueOf<typeof OBJECT_REFERENCE>;

export const BACKEND_REFERENCE = objectOf({ ...REFERENCE, port });
export type BackendReference = ValueOf<typeof BACKEND_REFERENCE>;

export const PARENT_REFERENCE = objectOf({ ...REFERENCE, sectionName: text, port });
export type ParentReference = ValueOf<typeof PARENT_REFERENCE>;

/** metav1.LabelSelector. */
export const LABEL_SELECTOR = objectOf({ matchLabels: texts, matchExpressions: listOf(objectOf({ key: text, operator: text, values: listOf(text) })) });
export type LabelSelectorShape = ValueOf<typeof LABEL_SELECTOR>;

export const NAMESPACES_ALLOWED = objectOf({ from: text, selector: LABEL_SELECTOR });

const NAMED_VALUE = objectOf({ name: text, value: text });
export const TYPED_VALUE = objectOf({ type: text, name: text, value: text });
export type TypedValue = ValueOf<typeof TYPED_VALUE>;
export const HEADER_CHANGES = objectOf({ set: listOf(NAMED_VALUE), add: listOf(NAMED_VALUE), remove: listOf(text) });
export type HeaderChanges = ValueOf<typeof HEADER_CHANGES>;

const PATH_CHANGE = objectOf({ type: text, replaceFullPath: text, replacePrefixMatch: text });
const int32 = wholeNumber(0, MOST_INT32);

/** A filter of a rule of an HTTPRoute or a GRPCRoute, or of one of its backends. */
export const ROUTE_FILTER = objectOf({
  type: text,
  requestHeaderModifier: HEADER_CHANGES,
  responseHeaderModifier: HEADER_CHANGES,
  requestMirror: objectOf({ backendRef: BACKEND_REFERENCE, percent: wholeNumber(0, 100), fraction: objectOf({ numerator: int32, denominator: wholeNumber(1, MOST_INT32) }) }),
  requestRedirect: objectOf({ scheme: text, hostname: text, path: PATH_CHANGE, port, statusCode: wholeNumber(300, 399) }),
  urlRewrite: objectOf({ hostname: text, path: PATH_CHANGE }),
  cors: objectOf({
    allowOrigins: listOf(text), allowCredentials: flagged, allowMethods: listOf(text), allowHeaders: listOf(text), exposeHeaders: listOf(text), maxAge: int32,
  }),
  externalAuth: json,
  extensionRef: OBJECT_REFERENCE,
});
export type RouteFilter = ValueOf<typeof ROUTE_FILTER>;
