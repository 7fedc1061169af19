/**
 * Who may ask a host that wants client certificates.
 *
 * Contract: pure, allocates nothing. The certificate was verified in the handshake (or in the one that began the
 * session); here its result is held against what the host wants now, so that neither another name in the handshake
 * (SNI a, Host b), nor a session begun under other rules, nor rules that changed since lets anybody in.
 */
import { canonicalName } from "./claims.ts";
import { EVERYBODY } from "./search.ts";

/** What a host wants of the clients that ask it: nginx's ssl_verify_client, and what ingress-nginx adds. */
export interface ClientAuth {
  /**
   * `off`: no certificate is asked for; `refused`: nobody gets in, because what the host wants cannot be honoured.
   */
  mode: "on" | "optional" | "optional_no_ca" | "off" | "refused";
  /** Longest chain of issuers. */
  depth: number;
  /** Id of the `trust` part that certificates are verified against; absent when none is. */
  trust?: string;
  /** PCRE, unanchored, case-sensitive, for the subject's name. */
  matchCn?: string;
  /** Whose that is. */
  namespace?: string;
  /** Backends get the certificate. */
  passCertificate?: boolean;
  /** Redirect there instead of 400. */
  errorPage?: string;
}

/** Certificates, and lists of revoked ones, PEM. The id is a digest, so an id never changes its content. */
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
  /** As the matcher's: nginx's variables, PCRE. */
  variable(name: string): string | undefined;
  matches(text: string, pattern: string, namespace: string): boolean | undefined;
  /** Asked only of requests over TLS: the handshake, or the one that began the session, ran under this context. */
  handshakeWas(context: string): boolean;
  /** OpenSSL's result of verifying the client's certificate; 0 when nothing is wrong with it, or there is none. */
  verifyResult(): number;
}

/** nginx's own: answered as 400, with pages of their own. */
export const CERTIFICATE_ERROR = 495;
const NO_CERTIFICATE = 496;
export const MISDIRECTED = 421;
const FORBIDDEN = 403;

/** 0: let in; else the status. Over plain http nothing is verified, but a name that must match does not. */
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

/** nginx's ngx_http_process_request: 0, or the status. @param result OpenSSL's; 0 without a certificate too. */
export function verdict(mode: "on" | "optional" | "optional_no_ca", result: number, presented: boolean): number {
  if (result !== 0 && !(mode === "optional_no_ca" && isUnknownIssuer(result))) return CERTIFICATE_ERROR;
  return mode === "on" && !presented ? NO_CERTIFICATE : 0;
}

/** nginx's ngx_ssl_verify_error_optional: nobody known has signed it, but nothing else is wrong. */
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
