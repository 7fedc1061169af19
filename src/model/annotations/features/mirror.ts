/**
 * The annotations about mirroring: a copy of each request goes to a second backend, whose answers nobody sees.
 *
 * ingress-nginx behaviour: nginx's variables may stand in the path. Unlike there the host is a fixed name or address:
 * the controller resolves and checks it like every target that a tenant names.
 */
import { isIPv6 } from "node:net";
import type { EdgeFilters, Mirror } from "../../../../edge/src/program.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { onOff, pattern } from "../../grammar/value-types.ts";
import { targetPoolId } from "../../shapes/pool-id.ts";
import type { FilterPool } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { proxy } from "./proxy.ts";

export interface MirrorValues {
  /** mirror-target as written. */
  readonly target?: string;
  readonly body: boolean;
  readonly host?: string;
  /** The target, taken apart; set by the resolver. */
  readonly to?: Mirror;
  /** Field of the Ingress that holds mirror-target. */
  readonly field: string;
}

const DEFAULTS: MirrorValues = { body: true, field: "" };

/** What the annotations of an Ingress say about copies of requests. */
export const mirror = slot<MirrorValues>("mirror", () => DEFAULTS);

const GROUP = { group: "mirror", scope: "location" } as const;

const annotations: readonly Honoured[] = [
  annotation<string>({
    ...GROUP,
    name: "mirror-target",
    risk: "High",
    type: { ...pattern, expects: pattern.expects.replace("a regular expression", "a URL"), parse: (text) => pattern.parse(text.trim()) },
    doc: "URL that gets a copy of each request; nginx's variables may stand in its path.",
    differs: "The host is a fixed name or address, resolved by the controller; without a path the request's own is used; SNI is sent; an invalid URL means no mirror.",
    reload: "when new",
    ...field(mirror, "target"),
  }),
  annotation<boolean>({
    ...GROUP,
    name: "mirror-request-body",
    risk: "Low",
    type: onOff,
    doc: "Whether the copy has the request's body.",
    reload: "when new",
    ...field(mirror, "body"),
  }),
  annotation<string>({
    ...GROUP,
    name: "mirror-host",
    risk: "High",
    type: { ...pattern, expects: pattern.expects.replace("a regular expression of ", "") },
    doc: "Host header of the copy, in place of the host of mirror-target.",
    ...field(mirror, "host"),
  }),
];

const resolver: Resolver = {
  groups: ["mirror"],
  resolve(values, at) {
    const { target, host, body } = mirror.of(values);
    if (target === undefined) {
      for (const name of ["mirror-request-body", "mirror-host"]) {
        if (at.given(name) !== undefined) at.report(found.annotationIneffective(at.place(name), { name, why: "there is no valid mirror-target: add it" }));
      }
      return values;
    }
    const place = at.place("mirror-target");
    const parsed = parseTarget(target);
    if (typeof parsed === "string") {
      at.report(found.mirrorTargetInvalid(place, { value: printable(target), why: parsed }));
      return values;
    }
    const to = { ...parsed, host: host ?? parsed.host };
    return proxy.with(mirror.with(values, { to, field: place.field }), { mirror: body ? "whole" : "bodiless" });
  },
};

const URL = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?((?:[/?$]).*)?$/;

/** The target, or what is wrong with it. */
function parseTarget(text: string): Mirror | string {
  const [, scheme = "", host = "", portText, rest = ""] = URL.exec(text) ?? [];
  if (host === "") return "it must be http:// or https://, then a name or address without variables, then at most a port and a path";
  const port = portText === undefined ? (scheme === "https" ? 443 : 80) : Number(portText);
  if (port < 1 || port > 65535) return `${port} is no port number`;
  const name = host.startsWith("[") ? host.slice(1, -1) : host;
  if (host.startsWith("[") && !isIPv6(name)) return `${host} is no IPv6 address`;
  return { pool: targetPoolId(name, port), scheme: scheme === "https" ? "https" : "http", host, name, uri: uriOf(rest) };
}

/** The copy's URI. A path without variables gets the request's query, as in nginx; without a path the request's own URI is used. */
function uriOf(rest: string): string {
  if (rest === "") return "$request_uri";
  const path = rest.startsWith("?") ? `/${rest}` : rest;
  if (path.includes("$") || path.includes("?")) return path;
  return `${path}$is_args$args`;
}

function edge(values: Values): EdgeFilters {
  const { to } = mirror.of(values);
  return to ? { upstream: { mirror: to } } : {};
}

function pools(values: Values): readonly FilterPool[] {
  const { to, field: written } = mirror.of(values);
  return to ? [{ pool: to.pool, field: written, effect: "requests are not mirrored", severity: "warning" }] : [];
}

export const mirrorFeature: Feature = { slot: mirror, annotations, resolver, edge, pools };
