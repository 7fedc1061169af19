/**
 * Client hello phase, which runs before OpenSSL looks for a session to resume and chooses a cipher.
 *
 * A host that wants something of its handshakes gets a session context of its own: otherwise a session whose
 * certificate was verified for one host would resume on another host as verified. Other hosts keep the context that
 * nginx gives to all.
 */
import { get_client_hello_server_name } from "ngx.ssl.clienthello";
import { hostNamed } from "../match.ts";
import { connection, preferServerCiphers, setCiphers, setSessionContext } from "./openssl.ts";
import { request } from "./request.ts";
import { serverName } from "../server-name.ts";
import { tables } from "./state.ts";

export function clientHello(): void {
  const [sent] = get_client_hello_server_name();
  const handshake = hostNamed(tables, request, serverName(sent))?.special?.handshake;
  if (handshake === undefined) return;
  const ssl = connection();
  if (ssl === undefined || !setSessionContext(ssl, handshake.context)) return ngx.exit(ngx.ERROR);
  if (handshake.ciphers !== undefined) setCiphers(ssl, handshake.ciphers);
  if (handshake.preferServer !== undefined) preferServerCiphers(ssl, handshake.preferServer);
}
