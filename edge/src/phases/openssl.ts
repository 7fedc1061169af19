/**
 * Calls OpenSSL by FFI for what the Lua API of nginx does not offer. Every declaration is of OpenSSL 3
 * (`openssl/ssl.h`, `openssl/x509_vfy.h`), whose functions nginx itself is linked to.
 *
 * OpenSSL keeps the errors of failed calls in a queue, and nginx takes whatever it finds there for its own. So every
 * function here that may leave an error there empties the queue.
 */
import * as ffi from "ffi";
import { get_errmsg_ptr, get_request } from "resty.core.base";
import { get_req_ssl_pointer, verify_client } from "ngx.ssl";
import type { EdgeTrust } from "../client-auth.ts";

ffi.cdef(`
int SSL_set_session_id_context(void *ssl, const char *context, unsigned int length);
void *SSL_get_session(const void *ssl);
const char *SSL_SESSION_get0_id_context(const void *session, unsigned int *length);
long SSL_get_verify_result(const void *ssl);
int SSL_set_cipher_list(void *ssl, const char *list);
uint64_t SSL_set_options(void *ssl, uint64_t options);
uint64_t SSL_clear_options(void *ssl, uint64_t options);
long SSL_ctrl(void *ssl, int command, long number, void *pointer);
void SSL_set_client_CA_list(void *ssl, void *list);
int SSL_add_client_CA(void *ssl, void *certificate);
void *X509_STORE_new(void);
void X509_STORE_free(void *store);
int X509_STORE_add_cert(void *store, void *certificate);
int X509_STORE_add_crl(void *store, void *crl);
int X509_STORE_set_flags(void *store, unsigned long flags);
void *BIO_new_mem_buf(const char *bytes, int length);
int BIO_free(void *bio);
void *PEM_read_bio_X509(void *bio, void **out, void *callback, void *argument);
void *PEM_read_bio_X509_CRL(void *bio, void **out, void *callback, void *argument);
void X509_free(void *certificate);
void X509_CRL_free(void *crl);
void ERR_clear_error(void);
`);

// Before lua-resty-core 0.1.26 only nginx's side has the function, and with one argument more than later.
if (get_req_ssl_pointer === undefined) ffi.cdef("void *ngx_http_lua_ffi_get_req_ssl_pointer(void *r, void *err);");

const C = ffi.C;
/** `SSL_ctrl`: replace the store that the peer's certificate is verified against; with 1 OpenSSL counts the reference. */
const SET_VERIFY_CERT_STORE = 106;
const CIPHER_SERVER_PREFERENCE = 0x400000;
/** Look for revocation in the lists of every issuer of the chain, as nginx's ssl_crl does. */
const CRL_CHECK_ALL = 0x4 + 0x8;

const length = ffi.create("unsigned int[1]");

/** The TLS connection of the request or handshake at hand; undefined without TLS. */
export function connection(): ffi.Pointer | undefined {
  if (get_req_ssl_pointer !== undefined) {
    const [found] = get_req_ssl_pointer();
    return found;
  }
  const ssl = C.ngx_http_lua_ffi_get_req_ssl_pointer(get_request(), get_errmsg_ptr());
  return ssl === undefined ? undefined : ssl;
}

/** Sessions resume only under the context that they began with. To be called in the client hello phase, before OpenSSL looks for a session. */
export function setSessionContext(ssl: ffi.Pointer, context: string): boolean {
  return C.SSL_set_session_id_context(ssl, context, context.length) === 1;
}

/** The context under which the connection's session began. */
export function sessionContext(ssl: ffi.Pointer): string | undefined {
  const session = C.SSL_get_session(ssl);
  if (session === undefined) return undefined;
  const context = C.SSL_SESSION_get0_id_context(session, length);
  return ffi.text(context, length[0]);
}

/** OpenSSL's result of verifying the client's certificate, now or when the session began; 0: nothing is wrong. */
export function verifyResult(ssl: ffi.Pointer): number {
  return tonumber(C.SSL_get_verify_result(ssl)) as number;
}

/** To be called in the client hello phase: TLS 1.3 chooses its ciphers before the certificate phase. */
export function setCiphers(ssl: ffi.Pointer, list: string): void {
  if (C.SSL_set_cipher_list(ssl, list) !== 1) C.ERR_clear_error();
}

export function preferServerCiphers(ssl: ffi.Pointer, prefer: boolean): void {
  if (prefer) C.SSL_set_options(ssl, CIPHER_SERVER_PREFERENCE);
  else C.SSL_clear_options(ssl, CIPHER_SERVER_PREFERENCE);
}

/** A parsed `EdgeTrust`. OpenSSL counts who uses the store, so it may be collected while handshakes run. */
export interface Store {
  store: ffi.Pointer;
  certificates: ffi.Pointer[];
}

/** Undefined when there is no certificate in `ca`, or no revocation list that parses in `crl`. */
export function parseTrust({ ca, crl }: EdgeTrust): Store | undefined {
  const store = ffi.gc(C.X509_STORE_new(), C.X509_STORE_free);
  const certificates: ffi.Pointer[] = [];
  const bio = C.BIO_new_mem_buf(ca, ca.length);
  for (;;) {
    const certificate = C.PEM_read_bio_X509(bio, undefined, undefined, undefined);
    if (certificate === undefined) break;
    certificates.push(ffi.gc(certificate, C.X509_free));
    C.X509_STORE_add_cert(store, certificate);
  }
  C.BIO_free(bio);
  const whole = crl === undefined || addRevoked(store, crl);
  C.ERR_clear_error();
  return whole && certificates.length > 0 ? { store, certificates } : undefined;
}

function addRevoked(store: ffi.Pointer, pem: string): boolean {
  const bio = C.BIO_new_mem_buf(pem, pem.length);
  let lists = 0;
  for (;;) {
    const list = C.PEM_read_bio_X509_CRL(bio, undefined, undefined, undefined);
    if (list === undefined) break;
    if (C.X509_STORE_add_crl(store, list) === 1) lists++;
    C.X509_CRL_free(list);
  }
  C.BIO_free(bio);
  C.X509_STORE_set_flags(store, CRL_CHECK_ALL);
  return lists > 0;
}

/** Asks the client for a certificate that one of the store's has signed. Whether the client must have one is decided for each request. */
export function askForCertificate(ssl: ffi.Pointer, { store, certificates }: Store, depth: number): boolean {
  // Sets nginx's callback, which lets every handshake go on and keeps the result of the verification.
  const [asked] = verify_client(undefined, depth);
  if (asked !== true || tonumber(C.SSL_ctrl(ssl, SET_VERIFY_CERT_STORE, 1, store)) !== 1) return false;
  C.SSL_set_client_CA_list(ssl, undefined);
  for (const certificate of certificates) C.SSL_add_client_CA(ssl, certificate);
  return true;
}
