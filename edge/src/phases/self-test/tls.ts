/** Checks of TLS: nginx's Lua API at the handshake, and OpenSSL by FFI. */
import * as clientHello from "ngx.ssl.clienthello";
import * as ffi from "ffi";
import * as ssl from "ngx.ssl";
import { askForCertificate, connection, parseTrust, preferServerCiphers, sessionContext, setCiphers, setSessionContext, verifyResult } from "../openssl.ts";
import { after, inCertificate, inHello, inWorker } from "./check.ts";
import type { LibraryChecks } from "./check.ts";
import { given, SERVER_NAME } from "./given.ts";

// The self-test is connected with itself over a unix socket, which has no port.
export const TLS: LibraryChecks<typeof ssl> = {
  server_name: inCertificate(() => ssl.server_name()[0] === SERVER_NAME),
  raw_server_addr: inCertificate(() => ssl.raw_server_addr()[1] === "unix"),
  server_port: inCertificate(() => ssl.server_port()[0] === undefined),
  clear_certs: inCertificate(() => ssl.clear_certs()[0] === true),
  parse_pem_cert: inCertificate(() => ssl.parse_pem_cert(given.certificate)[0] !== undefined && ssl.parse_pem_cert("none")[0] === undefined),
  parse_pem_priv_key: inCertificate(() => ssl.parse_pem_priv_key(given.key)[0] !== undefined && ssl.parse_pem_priv_key("none")[0] === undefined),
  set_cert: inCertificate(() => setChain()),
  set_priv_key: inCertificate(() => setKey()),
  verify_client: inCertificate(() => ssl.verify_client(undefined, 1)[0] === true),
  get_req_ssl_pointer: inCertificate(() => connection() !== undefined),
};

function setChain(): boolean {
  const [chain] = ssl.parse_pem_cert(given.certificate);
  return chain !== undefined && ssl.set_cert(chain)[0] === true;
}

function setKey(): boolean {
  const [key] = ssl.parse_pem_priv_key(given.key);
  return key !== undefined && ssl.set_priv_key(key)[0] === true;
}

/** To be called after the checks: depending on their order, they leave the connection with a certificate or without. */
export function setPair(): void {
  setChain();
  setKey();
}

export const CLIENT_HELLO: LibraryChecks<typeof clientHello> = {
  get_client_hello_server_name: inHello(() => clientHello.get_client_hello_server_name()[0] === SERVER_NAME),
};

const CONTEXT = "self-test";

const tls = (): ffi.Pointer => connection() as ffi.Pointer;
const trust = (): boolean => parseTrust({ ca: given.certificate, crl: undefined }) !== undefined;
/** The text given as revocation list holds none: it is read, and refused. */
const revoked = (): boolean => parseTrust({ ca: given.certificate, crl: given.certificate }) === undefined;

function ask(): boolean {
  const store = parseTrust({ ca: given.certificate, crl: undefined });
  return store !== undefined && askForCertificate(tls(), store, 1);
}

/**
 * The part of `ffi.C` that is OpenSSL's: called in the way, and in the phase, in which openssl.ts calls it. OpenSSL
 * takes NULL for a list of none.
 */
export const OPENSSL: Omit<LibraryChecks<typeof ffi.C>, keyof typeof import("./c.ts").C_LIBRARY> = {
  ngx_http_lua_ffi_get_req_ssl_pointer: inHello(() => connection() !== undefined),
  SSL_set_session_id_context: inHello(() => setSessionContext(tls(), CONTEXT)),
  SSL_set_cipher_list: inHello(() => after(setCiphers(tls(), "ECDHE-ECDSA-AES128-GCM-SHA256"))),
  SSL_set_options: inHello(() => after(preferServerCiphers(tls(), true))),
  SSL_clear_options: inHello(() => after(preferServerCiphers(tls(), false))),
  SSL_get_session: inCertificate(() => sessionContext(tls()) === CONTEXT),
  SSL_SESSION_get0_id_context: inCertificate(() => sessionContext(tls()) === CONTEXT),
  SSL_get_verify_result: inCertificate(() => verifyResult(tls()) === 0),
  SSL_ctrl: inCertificate(ask),
  SSL_set_client_CA_list: inCertificate(ask),
  SSL_add_client_CA: inCertificate(ask),
  X509_STORE_new: inWorker(trust),
  X509_STORE_free: inWorker(() => after(ffi.C.X509_STORE_free(ffi.C.X509_STORE_new()))),
  X509_STORE_add_cert: inWorker(trust),
  X509_STORE_add_crl: inWorker(() => ffi.C.X509_STORE_add_crl(ffi.C.X509_STORE_new(), undefined) === 0),
  X509_STORE_set_flags: inWorker(revoked),
  BIO_new_mem_buf: inWorker(trust),
  BIO_free: inWorker(trust),
  PEM_read_bio_X509: inWorker(trust),
  PEM_read_bio_X509_CRL: inWorker(revoked),
  X509_free: inWorker(trust),
  X509_CRL_free: inWorker(() => after(ffi.C.X509_CRL_free(undefined))),
  ERR_clear_error: inWorker(() => after(ffi.C.ERR_clear_error())),
};
