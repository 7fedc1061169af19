/** What a host wants of its handshakes and clients, in the shapes of the edge's tables. */
import type { ClientAuth, Handshake, SpecialHost } from "../../edge/src/program.ts";
import type { ClientPolicy, HostTls } from "../model/shapes/routing.ts";
import { digestOf } from "../support/digest.ts";

export function compileTls(tls: HostTls | undefined): Pick<SpecialHost, "handshake" | "clients"> {
  if (!tls) return {};
  const { clients } = tls;
  const handshake = compileHandshake(tls);
  return { ...(handshake ? { handshake } : {}), ...(clients ? { clients: compileClients(clients) } : {}) };
}

/**
 * The context covers everything that the handshake decides and nothing else: hosts that want the same share sessions
 * (and HTTP/2 connections), other hosts never do. Its length is the longest that OpenSSL takes.
 */
function compileHandshake({ clients, ciphers, preferServer }: HostTls): Handshake | undefined {
  const verified = clients?.trust && { mode: clients.mode, depth: clients.depth, trust: clients.trust.id };
  const chosen = { ...(ciphers === undefined ? {} : { ciphers }), ...(preferServer === undefined ? {} : { preferServer }) };
  if (!verified && Object.keys(chosen).length === 0) return undefined;
  return { context: digestOf(JSON.stringify({ ...verified, ...chosen })), ...chosen };
}

function compileClients({ mode, depth, trust, matchCn, namespace, passCertificate, errorPage }: ClientPolicy): ClientAuth {
  return {
    mode,
    depth,
    ...(trust ? { trust: trust.id } : {}),
    ...(matchCn === undefined ? {} : { matchCn }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(passCertificate ? { passCertificate } : {}),
    ...(errorPage === undefined ? {} : { errorPage }),
  };
}
