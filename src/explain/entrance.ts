/**
 * Where a request comes in. People write a URL, which names no Gateway, and Gateways have addresses of their own: a Gateway is asked where
 * the URL has its address, where it is named, and where nobody else has the name.
 */
import { listenerOf } from "../../edge/src/fronts.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import type { Model } from "../model/model.ts";
import type { Front } from "../model/shapes/front.ts";
import { hostKey } from "../model/shapes/host-key.ts";
import type { Settings } from "../settings.ts";
import { listed, printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import type { ExplainedRequest, Entrance } from "./request.ts";

export interface Entered {
  /** Absent: the request comes in where Ingresses are served. */
  readonly entrance?: Entrance;
  /** Where else somebody has the name, a sentence without its full stop. */
  readonly note?: string;
}

/** @param asked is the Gateway (`namespace/name`) that is to be asked; empty: none is named. @param isDeclared an Ingress has the name */
export interface EntranceQuestion {
  readonly gateway: string;
  readonly isDeclared: boolean;
}

/** Gateways that a line names at most. */
const SHOWN = 4;

/** Throws a UserError for a Gateway that is named and does not listen there. */
export function entranceOf(model: Model, request: ExplainedRequest, { gateway, isDeclared }: EntranceQuestion, settings: Pick<Settings, "httpPort" | "httpsPort">): Entered {
  const fronts = [...model.fronts.values()];
  const here = fronts.filter(({ port, https }) => port === request.port && https === request.https);
  const isAlone = ({ address, port }: Front): boolean => address !== undefined || (port !== settings.httpPort && port !== settings.httpsPort);
  const at = (front: Front): Entered => (isDeclared && !isAlone(front)
    ? { note: `an Ingress has the name at the addresses that it shares with ${gateway === "" ? "Gateways" : `Gateway ${gateway}`}` }
    : { entrance: { address: front.address ?? "", port: front.port, alone: isAlone(front) } });
  if (gateway !== "") {
    const front = here.find(({ gateways }) => gateways.includes(gateway));
    if (front) return at(front);
    throw new UserError(notThere(gateway, request, fronts), 2);
  }
  const own = fronts.filter(({ address }) => address === unbracketed(request.connectsTo));
  if (own.length > 0) return at(here.find((one) => own.includes(one)) ?? { ...(own[0] as Front), port: request.port, listeners: {} });
  const chosen = isDeclared ? undefined : bestFor(model, here, request.host);
  const reached = (front: Front): boolean => Number.isFinite(distanceTo(model, front, request.host));
  const others = (chosen || isDeclared ? here : fronts).filter((one) => one !== chosen && isAlone(one) && reached(one));
  return { ...(chosen ? at(chosen) : {}), ...(others.length > 0 ? { note: alsoText(others) } : {}) };
}

/** The front whose routes, or else whose listener, name the host most exactly. */
function bestFor(model: Model, fronts: readonly Front[], name: string): Front | undefined {
  const named = fronts.filter(({ listeners }) => listenerOf(listeners, name) !== undefined);
  const levels = levelsOf(name);
  const ofListener = ({ listeners }: Front): number => levels.findIndex((level) => Object.hasOwn(listeners, level));
  const ofRoutes = (front: Front): number => Math.min(distanceTo(model, front, name), levels.length);
  return named.toSorted((a, b) => ofRoutes(a) - ofRoutes(b) || ofListener(a) - ofListener(b))[0];
}

/** How many levels of host names lie between the name and the first that a route there has; Infinity: none has one. */
function distanceTo({ hosts }: Model, { listeners }: Front, name: string): number {
  const listener = listenerOf(listeners, name);
  const found = listener === undefined ? -1 : levelsOf(name).findIndex((level) => hosts.has(hostKey(level, listener)));
  return found < 0 ? Infinity : found;
}

/** Host names that routes for a name may have, the most specific first. */
export function levelsOf(name: string): readonly string[] {
  const labels = name.split(".");
  return [name, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`), CATCH_ALL];
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** `127.9.0.1:8080`; `any address:8080` where Gateways share the addresses of http. */
export function entranceText({ address, port }: Pick<Entrance, "address" | "port">): string {
  return `${address === "" ? "any address" : address.includes(":") ? `[${address}]` : address}:${port}`;
}

function alsoText(fronts: readonly Front[]): string {
  const places = fronts.map(({ gateways, address = "", port }) => `Gateway ${gateways.join(" and ")} at ${entranceText({ address, port })}`);
  return `${listed(places, SHOWN)} ${fronts.length > 1 ? "have" : "has"} routes for the name, too: --gateway=${fronts[0]?.gateways[0]} asks there`;
}

function notThere(gateway: string, { https, port }: ExplainedRequest, fronts: readonly Front[]): string {
  const own = fronts.filter(({ gateways }) => gateways.includes(gateway));
  const scheme = (isHttps: boolean): string => (isHttps ? "https" : "http");
  if (own.length > 0) return `Gateway ${gateway} does not listen for ${scheme(https)} at port ${port}: it has ${listed(own.map((one) => `${scheme(one.https)} at ${one.port}`), SHOWN)}.`;
  const known = [...new Set(fronts.flatMap(({ gateways }) => gateways))];
  return `No Gateway "${printable(gateway)}" is served: ${known.length === 0 ? "none is (is --gateway-api given?)" : `write NAMESPACE/NAME, such as ${listed(known, SHOWN)}`}.`;
}
