/** Readers of Gateways and routes: whatever stands in their fields, a model comes out, and others are served. */
import assert from "node:assert/strict";
import { originAllowed } from "../../edge/src/cross-origin.ts";
import { changePath } from "../../edge/src/path-change.ts";
import { parameterOf } from "../../edge/src/query.ts";
import { addressText } from "../../edge/src/address-text.ts";
import { buildModel } from "../../src/model/build/build.ts";
import { readFilters } from "../../src/model/gateway/http-filters.ts";
import { readMatch } from "../../src/model/gateway/http-match.ts";
import { pathChangeOf } from "../../src/model/gateway/path-changes.ts";
import { rootField } from "../../src/source/manifests/fields.ts";
import { readGatewayKind } from "../../src/source/manifests/read-gateway.ts";
import type { GatewayKindName } from "../../src/source/gateway/kinds.ts";
import type { RouteFilter } from "../../src/source/gateway/shared.ts";
import { trimGatewayObject } from "../../src/source/kubernetes/trim.ts";
import type { AnyObject } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { put, service, testConfig, testSettings } from "../support/objects.ts";
import type { Parser } from "./parser.ts";

const SETTINGS = { ...testSettings, gatewayApi: true, gatewayAddresses: ["10.9.0.0/24"] };
const GATEWAY = '{"gatewayClassName":"c","listeners":[{"name":"l","port":8080,"protocol":"HTTP","hostname":"*.example"}],"addresses":[{"value":"10.9.0.1"}],"allowedListeners":{"namespaces":{"from":"All"}}}';
const SET = '{"parentRef":{"name":"g"},"listeners":[{"name":"l","port":8080,"protocol":"HTTP","hostname":"b.example","allowedRoutes":{"namespaces":{"from":"Same"}}}]}';
const ROUTE = '{"parentRefs":[{"name":"g"}],"hostnames":["a.example"],"rules":[{"matches":[{"path":{"value":"/a"},"headers":[{"name":"x","value":"1"}]}],"backendRefs":[{"name":"web","port":80,"weight":1}]}]}';

const CALLS = '{"parentRefs":[{"name":"g"}],"hostnames":["a.example"],"rules":[{"matches":[{"method":{"service":"shop.Carts","method":"Get"},"headers":[{"name":"x","value":"1"}]}],"backendRefs":[{"name":"web","port":80,"weight":1}]}]}';

/** Each text of a JSON value replaced by another. */
function withTexts(value: unknown, text: string): unknown {
  if (typeof value === "string") return text;
  if (Array.isArray(value)) return value.map((one) => withTexts(one, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withTexts(one, text)]));
}

function parsed(text: string, otherwise: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON stands in every field.
    return withTexts(JSON.parse(otherwise), text);
  }
}

function build(kind: GatewayKindName, name: string, spec: unknown): void {
  const snapshot = new Snapshot();
  const objects: readonly (readonly [GatewayKindName, string, unknown])[] = [["GatewayClass", "c", { controllerName: "sluice.ingress/gateway" }], ["Gateway", "g", JSON.parse(GATEWAY)], ["HTTPRoute", "r", JSON.parse(ROUTE)]];
  for (const [of, one, own] of [...objects.filter(([other]) => other !== kind), [kind, name, spec] as const]) {
    const object = trimGatewayObject(of, { metadata: { name: one, namespace: of === "GatewayClass" ? "" : "shop" }, spec: own, status: spec });
    if (object) put(snapshot, object as AnyObject);
    readGatewayKind(of, rootField({ spec: own }), { namespace: "shop", name: one });
  }
  put(snapshot, service("shop/web", "80"));
  const { model } = buildModel(snapshot, SETTINGS, testConfig);
  assert.ok(model.hosts.has("_"), "Ingresses are served");
}

/** Filters with a text in every field, and what the edge makes of the rules that come out. */
function filter(text: string): void {
  const values = [{ name: text, value: text }];
  const changes = { set: values, add: values, remove: [text] };
  const paths = ["ReplaceFullPath", "ReplacePrefixMatch"].map((type) => ({ type, replaceFullPath: text, replacePrefixMatch: text }));
  const filters: readonly RouteFilter[] = [
    { type: text }, { type: "RequestHeaderModifier", requestHeaderModifier: changes }, { type: "ResponseHeaderModifier", responseHeaderModifier: changes },
    ...paths.flatMap((path): RouteFilter[] => [{ type: "URLRewrite", urlRewrite: { hostname: text, path } }, { type: "URLRewrite", urlRewrite: { path } }, { type: "RequestRedirect", requestRedirect: { scheme: text, path } }]),
    { type: "CORS", cors: { allowOrigins: [text], allowMethods: [text] } }, { type: "CORS", cors: { allowOrigins: [text] } },
    { type: "RequestMirror", requestMirror: { backendRef: { name: text } } },
  ];
  for (const one of filters) {
    const read = readFilters([one], "filters");
    if (typeof read === "string") continue;
    for (const { name, value = "" } of [...read.requestHeaders, ...read.responseHeaders]) assert.ok(!/[\s:]/.test(name) && !/[\r\n\0]/.test(value));
    if (read.crossOrigin) originAllowed(read.crossOrigin, text);
    const change = read.rewrite?.path;
    const match = readMatch({ path: { value: "/a" } }, "match");
    if (change === undefined || typeof match === "string") continue;
    const path = changePath(pathChangeOf(change, match), "/a/b");
    assert.ok(typeof path === "number" || /^\/[!-~]*$/.test(Buffer.from(path, "utf8").toString("latin1").replaceAll(/[^ -~]/g, "x")), JSON.stringify(path));
  }
}

export const OF_GATEWAYS: readonly Parser[] = [
  {
    names: ["readGatewayKind", "cutToShape", "readGateways", "readListeners"], seeds: [GATEWAY, "*.example", "10.9.0.1"], longest: 1024,
    take: (text) => build("Gateway", "g", parsed(text, GATEWAY)),
  },
  {
    names: ["readListenerSets"], seeds: [SET, "*.example", "Same"], longest: 1024,
    take: (text) => build("ListenerSet", "s", parsed(text, SET)),
  },
  {
    names: ["parseHttpRoute", "parseAnyRoute", "parseRoute", "readRuleMatches", "readShares", "readMatch"], seeds: [ROUTE, "/a", "a.example", "Exact", "X-A"], longest: 1024,
    take: (text) => build("HTTPRoute", "r", parsed(text, ROUTE)),
  },
  {
    names: ["parseGrpcRoute", "headerConditions"], seeds: [CALLS, "shop.Carts", "Get", "a.example", "Exact", "RegularExpression", "X-A"], longest: 1024,
    take: (text) => build("GRPCRoute", "r", parsed(text, CALLS)),
  },
  { names: ["readFilters", "readHeaderChanges", "readPathChange", "readCrossOrigin", "readMirror"], seeds: ["X-A", "/a/../b", "https://*.a.example:443", "GET", "*"], longest: 1024, take: filter },
  { names: ["parameterOf"], seeds: ["a=1&b=%20x&&=", "b"], take: (text) => void parameterOf(text, "b") },
  { names: ["addressText"], seeds: ["0123456789abcdef"], take: (text) => void addressText(text.slice(0, 16).padEnd(16, "\0")) },
];
