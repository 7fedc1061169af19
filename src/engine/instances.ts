/**
 * The nginx instances of one Sluice: one for http, and one for what is below it (TCP, UDP, TLS passthrough), so that
 * nothing that happens to the second ever touches an http connection. An agent runs both in the same way.
 */
import { FILES, SOCKETS } from "../compile/nginx-conf.ts";
import { NGINX_MASTER, STREAM_MASTER } from "./locks.ts";

export interface Instance {
  readonly name: "http" | "stream";
  /** File of its configuration. */
  readonly conf: string;
  /** File that remembers which process runs. */
  readonly master: string;
  /** Unix sockets that it opens; one that was killed leaves them behind. */
  readonly sockets: readonly string[];
  /**
   * `nginx -t` comes before a configuration is used. It opens every socket for a moment, which takes datagrams away from
   * an instance that serves UDP; there the reload itself is the test.
   */
  readonly tested: boolean;
  /** Between the words of workers to their clients (edge/src/phases/retirement.ts) and the reload, where clients are connected. */
  readonly farewellMs: number;
}

export const HTTP: Instance = { name: "http", conf: FILES.conf, master: NGINX_MASTER, sockets: [SOCKETS.https], tested: true, farewellMs: 1000 };
export const STREAM: Instance = {
  name: "stream", conf: FILES.streamConf, master: STREAM_MASTER, sockets: [SOCKETS.passthrough, SOCKETS.closed], tested: false, farewellMs: 0,
};
/** Of both, in the order in which an agent gets them. */
export const UNIX_SOCKETS: readonly string[] = [...HTTP.sockets, ...STREAM.sockets];
/** In the order in which they end: what clients connect to first. */
export const INSTANCES: readonly Instance[] = [STREAM, HTTP];
