/**
 * Hosts whose TLS is their backend's: connections for them are passed through by server name, unread.
 *
 * ingress-nginx behaviour: any Ingress of the host can ask for it; the Service of the path `/` gets the connections;
 * plain http is served as ever. Unlike there, they go to the endpoints and not to the ClusterIP, and server names are
 * compared as DNS does, without regard to case. And where several namespaces share a host, that of its oldest Ingress
 * alone has a say: what is passed through gets past everything that guards the host's paths.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { listed, printable } from "../../support/text.ts";
import { hostTls } from "../annotations/features/host-tls.ts";
import type { Finding } from "../findings/findings.ts";
import * as found from "../findings/streams.ts";
import type { ParsedIngress, PlaceOf } from "../ingress/parsed.ts";
import type { Route } from "../shapes/routing.ts";

/** What is said of one host. */
interface Passed {
  readonly host: string;
  /** Its ordinary Ingresses, oldest first. */
  readonly mains: readonly ParsedIngress[];
  readonly routes: readonly Route[];
  /** Further names that it wants. */
  readonly names: readonly string[];
}

/** The pool that gets the host's TLS connections; undefined: TLS ends here. */
export function passthroughOf({ host, mains, routes, names }: Passed, placeOf: PlaceOf, findings: Finding[]): string | undefined {
  const owner = mains[0]?.ingress;
  const isOwners = (namespace: string): boolean => namespace === owner?.metadata.namespace;
  let asking: ParsedIngress | undefined;
  for (const one of mains.filter(({ values }) => hostTls.of(values).passthrough)) {
    if (isOwners(one.ingress.metadata.namespace)) asking ??= one;
    else findings.push(found.passthroughNotOwner({ ...placeOf(one, "ssl-passthrough"), ...(owner ? { other: owner } : {}) }, { host, owner: mains[0]?.key ?? "" }));
  }
  if (!asking) return undefined;
  const place = placeOf(asking, "ssl-passthrough");
  if (host === CATCH_ALL || host.startsWith("*.")) {
    findings.push(found.passthroughHost(place, { host: host === CATCH_ALL ? "rules without a host" : host }));
    return undefined;
  }
  const root = routes.find(({ path, pathType, when }) => path === "/" && pathType === "prefix" && when === undefined);
  if (root?.backend.kind === "service" && isOwners(root.origin.namespace)) {
    if (names.length > 0) findings.push(found.passthroughAliases(place, { host, names: listed(names.map(printable), SHOWN) }));
    return root.backend.pool;
  }
  findings.push(found.passthroughWithoutRoot(place, { host }));
  return undefined;
}

const SHOWN = 3;

