/**
 * Hosts whose TLS is their backend's: connections for them are passed through by server name, unread.
 *
 * ingress-nginx behaviour: any Ingress of the host can ask for it; the Service of the path `/` gets the connections;
 * plain http is served as ever. Unlike there, connections go to the endpoints and not to the ClusterIP, and server names
 * are compared as DNS does, without regard to case. And where several namespaces share a host, only the namespace of its
 * oldest Ingress can ask: a connection that is passed through gets past everything that guards the host's paths.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { listed, printable } from "../../support/text.ts";
import { claimantOf } from "../claims/claim.ts";
import type { HostClaim } from "../claims/claim.ts";
import type { Finding } from "../findings/findings.ts";
import * as found from "../findings/streams.ts";
import { primaryOf } from "../shapes/routing.ts";
import type { Route } from "../shapes/routing.ts";

const SETTING = "ssl-passthrough";
const SHOWN = 3;

/** One host, and what was asked of it. */
interface Passed {
  readonly host: string;
  /** Oldest first. */
  readonly mains: readonly HostClaim[];
  readonly routes: readonly Route[];
  /** Further names that the host wants. */
  readonly names: readonly string[];
}

/** The pool that gets the host's TLS connections; undefined: TLS ends here. */
export function passthroughOf({ host, mains, routes, names }: Passed, findings: Finding[]): string | undefined {
  const [owner] = mains;
  const isOwners = (namespace: string): boolean => namespace === owner?.object.metadata.namespace;
  let asking: HostClaim | undefined;
  for (const claim of mains.filter(({ passthrough }) => passthrough)) {
    if (isOwners(claim.object.metadata.namespace)) asking ??= claim;
    else if (owner) findings.push(found.passthroughNotOwner({ ...claim.placeOf(SETTING), other: owner.object }, { host, owner: claimantOf(owner) }));
  }
  if (!asking) return undefined;
  const place = asking.placeOf(SETTING);
  if (host === CATCH_ALL || host.startsWith("*.")) {
    findings.push(found.passthroughHost(place, { host: host === CATCH_ALL ? "rules without a host" : host }));
    return undefined;
  }
  const root = routes.find(({ path, pathType, when }) => path === "/" && pathType === "prefix" && when === undefined);
  const backend = root && primaryOf(root.backend);
  if (root && backend?.kind === "service" && isOwners(root.origin.namespace)) {
    if (names.length > 0) findings.push(found.passthroughAliases(place, { host, names: listed(names.map(printable), SHOWN) }));
    return backend.pool;
  }
  findings.push(found.passthroughWithoutRoot(place, { host }));
  return undefined;
}


