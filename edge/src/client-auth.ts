/**
 * Decides who may send requests to a host that wants client certificates.
 *
 * Contract: pure, allocates nothing. OpenSSL verified the certificate in the handshake (or in the handshake that began
 * the session). Here the result is compared with what the host wants now. So nobody gets in by another name in the
 * handshake (SNI a, Host b), by a session that began under other rules, or because the rules have changed since.
 */
import { canonicalName } from "./claims.ts";
import { EVERYBODY } from "./search.ts";

/** What a host wants of its clients: nginx's ssl_verify_client, and what ingress-nginx adds. */
export interface ClientAuth {
  /**
   * `off`: no certificate is asked for; `refused`: nobody gets in, because what the host wants cannot be honoured.
   */
  mode: "on" | "optional" | "optional_no_ca" | "off" | "refused";
  /** Longest chain of issuers. */
  depth: number;
  /** Id of the `trust` part that certificates are verified against; absent when no certificate is verified. */
  trust?: string;
  /** PCRE, unanchored, case-sensitive, that the subject of the certificate has to match. */
  matchCn?: string;
  /** The namespace that `matchCn` comes from. */
  namespace?: string;
  /** Backends get the client's certificate. */
  passCertificate?: boolean;
  /** A refused client is redirected there instead of getting 400. */
  errorPage?: string;
}

/** CA certificates, and lists of revoked certificates, PEM. The id is a digest of them, so the content of an id never changes. */
export interface EdgeTrust {
  ca: string;
  crl?: string;
}

/** What a host wants of the handshake itself, beside its certificate. */
export interface Handshake {
  /** Digest of all that the handshake decides, at most 32 bytes: sessions resume under the same context only. */
  context: string;
  /** OpenSSL's list for TLS up to 1.2. */
  ciphers?: string;
  preferServer?: boolean;
}

/** How the rules ask about the client at hand. */
export interface ClientView {
  /** This and `matches` are those of the matcher: nginx's variables, and PCRE. */
  variable(name: string): string | undefined;
  matches(text: string, pattern: string, namespace: string): boolean | undefined;
  /** Whether the handshake, or the one that began the session, ran under this context. Asked only of requests over TLS. */
  handshakeWas(context: string): boolean;
  /** OpenSSL's result of verifying the client's certificate; 0 when nothing is wrong with it, or there is none. */
  verifyResult(): number;
}

/** nginx's own statuses, this and the next: clients get 400, each with a page of its own. */
export const CERTIFICATE_ERROR = 495;
const NO_CERTIFICATE = 496;
export const MISDIRECTED = 421;
const FORBIDDEN = 403;

/** 0 lets the client in; anything else is the status to answer. Over plain http no certificate is verified, and `matchCn` meets an empty subject. */
export function admission(auth: ClientAuth, handshake: Handshake | undefined, client: ClientView): number {
  if (auth.mode === "refused") return FORBIDDEN;
  if (auth.mode !== "off" && client.variable("https") === "on") {
    if (handshake === undefined || !client.handshakeWas(handshake.context)) return MISDIRECTED;
    const presented = client.variable("ssl_client_verify") !== "NONE";
    const status = verdict(auth.mode, client.verifyResult(), presented);
    if (status !== 0) return status;
  }
  if (auth.matchCn !== undefined && client.matches(client.variable("ssl_client_s_dn") ?? "", auth.matchCn, auth.namespace ?? EVERYBODY) !== true) return FORBIDDEN;
  return 0;
}

/** Decides as nginx's ngx_http_process_request: 0, or the status. @param result OpenSSL's; 0 without a certificate too. */
export function verdict(mode: "on" | "optional" | "optional_no_ca", result: number, presented: boolean): number {
  if (result !== 0 && !(mode === "optional_no_ca" && isUnknownIssuer(result))) return CERTIFICATE_ERROR;
  return mode === "on" && !presented ? NO_CERTIFICATE : 0;
}

/** nginx's ngx_ssl_verify_error_optional: no known issuer has signed the certificate, but nothing else is wrong with it. */
function isUnknownIssuer(result: number): boolean {
  // Self-signed, self-signed in the chain, issuer not found, leaf not verifiable, not trusted.
  return result === 18 || result === 19 || result === 20 || result === 21 || result === 27;
}

/** The status that the client sees. */
export function shownStatus(status: number): number {
  return status === CERTIFICATE_ERROR || status === NO_CERTIFICATE ? 400 : status;
}

const RESERVED: Record<string, boolean> = { "ssl-client-verify": true, "ssl-client-subject-dn": true, "ssl-client-issuer-dn": true, "ssl-client-cert": true };

/** Headers to backends that only Sluice may set where clients are authenticated, however they are spelled. */
export function isClientHeader(name: string): boolean {
  return RESERVED[canonicalName(name)] === true;
}
