/**
 * What a host wants of its handshakes and clients: one answer for all of its Ingresses, because a handshake knows the
 * host's name only.
 *
 * ingress-nginx behaviour: the oldest Ingress that says something decides, also when that is that nobody gets in. Unlike
 * there, a younger one that cannot be honoured takes nothing from the others: it closes its own paths.
 */
import { isDeepStrictEqual } from "node:util";
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { hostTls } from "../annotations/features/host-tls.ts";
import type { HostTlsValues } from "../annotations/features/host-tls.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import type { ParsedIngress } from "../ingress/parsed.ts";
import type { ClientPolicy, HostTls } from "../shapes/routing.ts";

/** @param mains the ordinary Ingresses that name the host, oldest first. Undefined: nothing special. */
export function hostTlsOf(host: string, mains: readonly ParsedIngress[], prefix: string, findings: Finding[]): HostTls | undefined {
  const saysNothing = ({ clients, ciphers, preferServer }: HostTlsValues): boolean => !clients && ciphers === undefined && preferServer === undefined;
  if (mains.every(({ values }) => saysNothing(hostTls.of(values)))) return undefined;
  const place: AnnotatedHost = { host: host === CATCH_ALL ? "every name that nobody declares" : host, prefix };
  const clients = decide(mains, "clients", "auth-tls-secret", place, findings);
  const ciphers = decide(mains, "ciphers", "ssl-ciphers", place, findings);
  const preferServer = decide(mains, "preferServer", "ssl-prefer-server-ciphers", place, findings);
  return {
    ...(clients ? { clients: withNamespace(clients, mains) } : {}),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(preferServer === undefined ? {} : { preferServer }),
  };
}

function withNamespace(clients: ClientPolicy, mains: readonly ParsedIngress[]): ClientPolicy {
  const decides = mains.find(({ values }) => hostTls.of(values).clients !== undefined);
  return decides && clients.matchCn !== undefined ? { ...clients, namespace: decides.ingress.metadata.namespace } : clients;
}

interface AnnotatedHost {
  /** As findings name it. */
  readonly host: string;
  readonly prefix: string;
}

/** What the first Ingress says that says something; the others that say something else get a finding. */
function decide<F extends "clients" | "ciphers" | "preferServer">(
  mains: readonly ParsedIngress[], field: F, name: string, { host, prefix }: AnnotatedHost, findings: Finding[],
): HostTlsValues[F] | undefined {
  const saying = mains.filter(({ values }) => hostTls.of(values)[field] !== undefined);
  const [winner, ...others] = saying;
  const value = winner && hostTls.of(winner.values)[field];
  for (const { ingress, closed, values } of others) {
    // A closed one has its finding already.
    if (closed || isDeepStrictEqual(hostTls.of(values)[field], value)) continue;
    const place = { object: ingress, field: `metadata.annotations[${prefix}/${name}]`, ...(winner ? { other: winner.ingress } : {}) };
    findings.push(found.hostSettingDecided(place, { name, host, winner: winner?.key ?? "" }));
  }
  return value;
}
