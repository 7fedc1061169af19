/**
 * Pools of names that tenants choose: Services of type ExternalName, and the targets of annotations. One DNS name (or
 * IP address) and a port.
 *
 * Guarantee: unless the operator allows it, no name or address leads back to the controller's own machine. Addresses from
 * DNS are checked as well where names are resolved, so a name cannot be pointed there later.
 */
import { isIP } from "node:net";
import type { Service } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { isProtectedAddress } from "../../support/addresses.ts";
import * as found from "../findings/catalogue.ts";
import { isSubdomain } from "../grammar/host-name.ts";
import { nothing } from "./pool.ts";
import type { BackendSettings, BuiltPool } from "./pool.ts";

/** The pool of a Service of type ExternalName. @param port as the Ingress writes it; undefined: the Service's first. */
export function externalEndpoints(
  service: Service,
  port: string | undefined,
  snapshot: Snapshot,
  settings: BackendSettings,
): BuiltPool {
  const { name: serviceName } = service.metadata;
  const name = service.spec.externalName ?? "";
  if (settings.disableSvcExternalName) {
    return nothing("name", (place, effect) => found.externalNameDisabled(place, { service: serviceName, effect }));
  }
  const number = externalPort(service, port);
  if (number === undefined) {
    const params = { service: serviceName, port: port ?? "", ports: [] };
    return nothing("port", (place, effect) => found.servicePortMissing(place, { ...params, effect }));
  }
  return namedEndpoints(name, number, snapshot, settings, {
    refused: (why) => nothing("name", (place, effect) => found.externalNameRefused(place, { service: serviceName, name, why, effect })),
    unresolved: () => nothing("name", (place, effect) => found.externalNameUnresolved(place, { service: serviceName, name, effect })),
  });
}

/** The pool of an annotation's target (auth-url, mirror-target). */
export function targetEndpoints(name: string, port: number, snapshot: Snapshot, settings: BackendSettings): BuiltPool {
  return namedEndpoints(name, port, snapshot, settings, {
    refused: (why) => ({ endpoints: [], problem: ({ object, field, effect }) => found.targetRefused({ object, field }, { name, why, effect }) }),
    unresolved: () => ({ endpoints: [], problem: ({ object, field, effect }) => found.targetUnresolved({ object, field }, { name, effect }) }),
  });
}

interface Problems {
  readonly refused: (why: string) => BuiltPool;
  readonly unresolved: () => BuiltPool;
}

function namedEndpoints(
  name: string, port: number, snapshot: Snapshot, { allowLocalTargets }: BackendSettings, problems: Problems,
): BuiltPool {
  const why = refusal(name, allowLocalTargets);
  if (why !== undefined) return problems.refused(why);
  if (isIP(name) !== 0) return { endpoints: [{ address: name, port }] };
  const resolved = snapshot.get("ResolvedName", "", name);
  if (!resolved) return { endpoints: [], name };
  const endpoints = [...new Set(resolved.addresses)].sort().map((address) => ({ address, port }));
  if (endpoints.length > 0) return { endpoints, name };
  if (resolved.refused.length > 0) return { ...problems.refused(`DNS leads it to ${resolved.refused.join(", ")}`), name };
  return { ...problems.unresolved(), name };
}

/** Why a target may not be used; undefined when it may. */
function refusal(name: string, allowLocalTargets: boolean): string | undefined {
  if (isIP(name) !== 0) {
    const refused = isProtectedAddress(name) && !allowLocalTargets;
    return refused ? "it leads to this machine, its own network link or the API server" : undefined;
  }
  // A trailing dot makes a name absolute.
  const plain = name.toLowerCase().replace(/\.$/, "");
  if (!isSubdomain(plain)) return "it is not a DNS name";
  if ((plain === "localhost" || plain.endsWith(".localhost")) && !allowLocalTargets) return "it leads to this machine";
  return undefined;
}

/** ingress-nginx behaviour: the targetPort of the Service port, else its number. A number that no port has stands for itself. */
function externalPort({ spec }: Service, text: string | undefined): number | undefined {
  const number = text === undefined ? undefined : Number(text);
  const port = spec.ports?.find((one) => text === undefined || one.port === number || one.name === text);
  if (port) return typeof port.targetPort === "number" && port.targetPort > 0 ? port.targetPort : port.port;
  return number !== undefined && Number.isInteger(number) ? number : undefined;
}
