/**
 * The nginx instances of one Sluice: one for http, and one for what is below http (TCP, UDP, TLS passthrough). They are
 * two so that nothing that happens to the second ever touches an http connection. An agent runs both in the same way.
 */
import { FILES, SOCKETS } from "../compile/nginx-conf.ts";
import { NGINX_MASTER, STREAM_MASTER } from "./locks.ts";

export interface Instance {
  readonly name: "http" | "stream";
  /** File of its configuration. */
  readonly conf: string;
  /** File that remembers which process runs. */
  readonly master: string;
  /** Unix sockets that the instance opens; it leaves them behind when it is killed. */
  readonly sockets: readonly string[];
  /** Others, which it always opens itself. */
  readonly ownSockets: readonly string[];
  /**
   * `nginx -t` comes before a configuration is used. It opens every socket for a moment, which takes datagrams away from
   * an instance that serves UDP; there the reload itself is the test.
   */
  readonly tested: boolean;
  /**
   * How long the reload waits after workers have told their clients to close connections
   * (edge/src/phases/retirement.ts), where clients are connected.
   */
  readonly farewellMs: number;
}

export const HTTP: Instance = { name: "http", conf: FILES.conf, master: NGINX_MASTER, sockets: [SOCKETS.https], ownSockets: [SOCKETS.plainHttp2], tested: true, farewellMs: 1000 };
export const STREAM: Instance = {
  name: "stream", conf: FILES.streamConf, master: STREAM_MASTER, sockets: [SOCKETS.passthrough, SOCKETS.closed], ownSockets: [], tested: false, farewellMs: 0,
};
/** The sockets of both instances, in the order in which an agent gets them. */
export const UNIX_SOCKETS: readonly string[] = [...HTTP.sockets, ...STREAM.sockets];
/** In the order in which they end: the instance that clients connect to comes first. */
export const INSTANCES: readonly Instance[] = [STREAM, HTTP];
