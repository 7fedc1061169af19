/**
 * Client certificates in nginx: asked for in the handshake, read back by each request to a host that wants them, and
 * told to its backends.
 */
import * as lrucache from "resty.lrucache";
import { admission, isClientHeader } from "../client-auth.ts";
import type { ClientAuth, ClientView } from "../client-auth.ts";
import type { SpecialHost } from "../program.ts";
import { askForCertificate, connection, parseTrust, sessionContext, verifyResult } from "./openssl.ts";
import type { Store } from "./openssl.ts";
import { matches } from "./pattern.ts";
import { tables } from "./state.ts";

const PARSED_AT_MOST = 1000;
const [parsedById] = lrucache.new<Store>(PARSED_AT_MOST);

/**
 * Certificate phase of a full handshake. No certificate is asked for when the client hello ran under another context
 * (the rules changed meanwhile, or a second hello names another host), or when OpenSSL cannot be set up to ask.
 * Requests are refused then.
 */
export function askClient({ handshake, clients }: SpecialHost): void {
  if (handshake === undefined || clients === undefined || clients.trust === undefined) return;
  const ssl = connection();
  if (ssl === undefined || sessionContext(ssl) !== handshake.context) return;
  const store = parse(clients.trust);
  if (store === undefined || !askForCertificate(ssl, store, clients.depth)) {
    ngx.log(ngx.ERR, "client certificates cannot be verified: trust ", clients.trust);
  }
}

function parse(id: string): Store | undefined {
  const known = parsedById?.get(id);
  if (known !== undefined) return known;
  const trust = tables.trusts[id];
  const parsed = trust === undefined ? undefined : parseTrust(trust);
  if (parsed !== undefined) parsedById?.set(id, parsed);
  return parsed;
}

const client: ClientView = {
  variable: (name) => ngx.var[name],
  matches: (text, pattern, namespace) => matches(text, pattern, namespace),
  handshakeWas: (context) => {
    const ssl = connection();
    return ssl !== undefined && sessionContext(ssl) === context;
  },
  verifyResult: () => {
    const ssl = connection();
    return ssl === undefined ? 0 : verifyResult(ssl);
  },
};

/** 0: the client may ask this host, and its backends will know who it is; else the status. */
export function letClientIn(host: SpecialHost, clients: ClientAuth): number {
  const status = admission(clients, host.handshake, client);
  if (status === 0) introduce(clients);
  return status;
}

/** Sets the headers that tell backends about the client's certificate. The client's own headers of these names are removed. */
function introduce(clients: ClientAuth): void {
  const vars = ngx.var;
  for (const [name] of pairs(ngx.req.get_headers(0, true))) if (isClientHeader(name)) ngx.req.clear_header(name);
  setHeader("ssl-client-verify", vars.ssl_client_verify);
  setHeader("ssl-client-subject-dn", vars.ssl_client_s_dn);
  setHeader("ssl-client-issuer-dn", vars.ssl_client_i_dn);
  if (clients.passCertificate === true) setHeader("ssl-client-cert", vars.ssl_client_escaped_cert);
}

function setHeader(name: string, value: string | undefined): void {
  if (value !== undefined && value !== "") ngx.req.set_header(name, value);
}

const UNAUTHORIZED = "client certificate unauthorized";

/** Answers a client whose certificate's subject does not match: 403 with ingress-nginx's text. */
export function denyName(): void {
  ngx.status = 403;
  ngx.header["Content-Type"] = "text/html";
  ngx.header["Content-Length"] = String(UNAUTHORIZED.length);
  ngx.print(UNAUTHORIZED);
  ngx.exit(403);
}
