/** The kinds of routes that have host names: routes of all these share the hosts of a listener. */
import type { Snapshot } from "../../source/snapshot.ts";
import { objectKey } from "../shapes/lookup.ts";
import type { RouteLookup } from "./backend-refs.ts";
import { parseGrpcRoute } from "./grpc-route.ts";
import { parseHttpRoute } from "./http-route.ts";
import type { HostRoute, ParsedRoute } from "./route.ts";

const ROUTE_KINDS = ["HTTPRoute", "GRPCRoute"] as const satisfies readonly HostRoute["kind"][];

export function isRouteKind(kind: string): kind is HostRoute["kind"] {
  return (ROUTE_KINDS as readonly string[]).includes(kind);
}

/** The routes of all kinds. */
export function routesIn(snapshot: Snapshot): readonly HostRoute[] {
  return ROUTE_KINDS.flatMap((kind) => [...snapshot.all(kind).values()]);
}

/** The same, by `objectKey`. */
export function routeKeys(snapshot: Snapshot): readonly string[] {
  return routesIn(snapshot).map(({ kind, metadata: { namespace, name } }) => objectKey(kind, namespace, name));
}

/** @param key of `objectKey` */
export function routeByKey(snapshot: Snapshot, key: string): HostRoute | undefined {
  const kind = ROUTE_KINDS.find((one) => key.startsWith(`${one} `));
  return kind && snapshot.all(kind).get(key.slice(kind.length + 1));
}

export function parseAnyRoute(object: HostRoute, lookup: RouteLookup): ParsedRoute {
  return object.kind === "HTTPRoute" ? parseHttpRoute(object, lookup) : parseGrpcRoute(object, lookup);
}
