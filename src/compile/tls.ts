/** TLS of the server block: protocols and sessions; the certificate is chosen per handshake by the edge. */
import type { Config } from "../model/config/config.ts";
import type { Directive } from "./directive.ts";
import { directive, luaBlock } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import { dhParamFile, ticketFile } from "./tls-files.ts";

function ticketKey({ sslSessionTicketKey: key }: Config, { runtimeDir, onDisk }: EngineFacts): Directive[] {
  return key === undefined || onDisk ? [] : [directive("ssl_session_ticket_key", `${runtimeDir}/${ticketFile(key)}`)];
}

export function tlsDirectives(config: Config, facts: EngineFacts): Directive[] {
  return [
    // nginx needs a certificate to start. It is sent for names without a certificate of their own.
    directive("ssl_certificate", `${facts.runtimeDir}/default.crt`),
    directive("ssl_certificate_key", `${facts.runtimeDir}/default.key`),
    luaBlock("ssl_client_hello_by_lua_block", "sluice.clientHello()"),
    luaBlock("ssl_certificate_by_lua_block", "sluice.certificate()"),
    directive("ssl_protocols", ...config.sslProtocols.split(/\s+/).filter(Boolean)),
    ...(config.sslCiphers
      ? [directive("ssl_ciphers", config.sslCiphers), directive("ssl_prefer_server_ciphers", "on")]
      : []),
    directive("ssl_ecdh_curve", config.sslEcdhCurve),
    directive("ssl_session_cache", config.sslSessionCache ? `shared:SSL:${config.sslSessionCacheSize}` : "off"),
    directive("ssl_session_timeout", config.sslSessionTimeout),
    directive("ssl_session_tickets", config.sslSessionTickets ? "on" : "off"),
    ...ticketKey(config, facts),
    ...(config.named.dhParam ? [directive("ssl_dhparam", `${facts.runtimeDir}/${dhParamFile(config.named.dhParam)}`)] : []),
    directive("ssl_early_data", config.sslEarlyData ? "on" : "off"),
    directive("ssl_buffer_size", config.sslBufferSize),
  ];
}
