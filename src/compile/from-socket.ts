/** Connections that come to the nginx of http over unix sockets, and not from clients. */
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import type { FromSocket } from "./asked-origin.ts";
import type { EngineFacts } from "./facts.ts";
import { handsOnHttp2 } from "./plain-http2.ts";

/** Whether the nginx below http has the https port, and hands on over a socket what it does not pass through. */
export function tlsComesFromSocket({ enableSslPassthrough }: Settings, { stream, httpsBelow }: EngineFacts): boolean {
  return stream !== undefined && (enableSslPassthrough || httpsBelow === true);
}

/** Whose connections come to the nginx of http over unix sockets. */
export function comesFromSocket(config: Config, settings: Settings, facts: EngineFacts): FromSocket {
  return tlsComesFromSocket(settings, facts) ? "tls" : handsOnHttp2(config, settings, facts) ? "plain" : "none";
}
