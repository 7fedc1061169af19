/**
 * What a host wants of its handshakes and clients: one answer for all claims on it, because a handshake knows the
 * host's name only.
 *
 * ingress-nginx behaviour: the oldest Ingress that says something decides, even if it says that nobody gets in. Unlike
 * there, a younger Ingress that cannot be honoured takes nothing from the others: it closes its own paths.
 */
import { isDeepStrictEqual } from "node:util";
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { claimantOf } from "../claims/claim.ts";
import type { HostClaim } from "../claims/claim.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import type { ClientPolicy, HostTls } from "../shapes/routing.ts";

/** What holds for the host; undefined: no claim says anything. @param claims oldest first. */
export function hostTlsOf(name: string, claims: readonly HostClaim[], findings: Finding[]): HostTls | undefined {
  if (claims.every(({ tls }) => Object.keys(tls).length === 0)) return undefined;
  const host = name === CATCH_ALL ? "every name that nobody declares" : name;
  const clients = decide(claims, "clients", "auth-tls-secret", host, findings);
  const ciphers = decide(claims, "ciphers", "ssl-ciphers", host, findings);
  const preferServer = decide(claims, "preferServer", "ssl-prefer-server-ciphers", host, findings);
  return {
    ...(clients ? { clients: withNamespace(clients, claims) } : {}),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(preferServer === undefined ? {} : { preferServer }),
  };
}

function withNamespace(clients: ClientPolicy, claims: readonly HostClaim[]): ClientPolicy {
  const decides = claims.find(({ tls }) => tls.clients !== undefined);
  return decides && clients.matchCn !== undefined ? { ...clients, namespace: decides.object.metadata.namespace } : clients;
}

/** What the oldest claim with this field says. Other claims that say something else get a finding. @param host as findings name it. */
function decide<F extends keyof HostTls>(claims: readonly HostClaim[], field: F, setting: string, host: string, findings: Finding[]): HostTls[F] | undefined {
  const [winner, ...others] = claims.filter(({ tls }) => tls[field] !== undefined);
  if (!winner) return undefined;
  const value = winner.tls[field];
  for (const { closed, tls, placeOf } of others) {
    // A closed claim has its finding already.
    if (closed || isDeepStrictEqual(tls[field], value)) continue;
    findings.push(found.hostSettingDecided({ ...placeOf(setting), other: winner.object }, { name: setting, host, winner: claimantOf(winner) }));
  }
  return value;
}
