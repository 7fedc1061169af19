import type { BucketBounds } from "../measures.ts";

/** What nginx.conf tells the edge when it starts: fixed for the life of a worker. */
export interface Options {
  /** Digest of the nginx.conf that this worker runs, so that the controller knows which reload it belongs to. */
  config: string;
  /** Unix socket of the controller. */
  socket: string;
  /** The snapshot's two files. */
  program: string;
  keys: string;
  /** Send no Server header at all (ConfigMap `server-tokens: "false"`). */
  hideServer: boolean;
  /** Requests without an X-Request-ID get one. */
  requestIds: boolean;
  /** An access log is written, so its variables are worth filling. */
  accessLog: boolean;
  /** nginx takes the client's address from the header that `findClient` sets (settings.proxies). */
  followsBoth: boolean;
  /** Variables that take the place of headers to backends (`sluice_sent_…`). */
  sent: Record<string, boolean>;
  /** The log format names the Ingress, Service or path of the request. */
  logLabels: boolean;
  /** The log format names the score by which `ewma` chose the endpoint. */
  logScores: boolean;
  /** Some requests may come in for Gateways. */
  gateways: boolean;
  /** Bytes of the largest body that this worker's locations take; 0: any. */
  bodySize: number;
  /** Requests are measured (`--enable-metrics`), with these buckets; absent: they are counted. */
  measured?: BucketBounds;
}

export const options: Options = {
  config: "",
  socket: "",
  program: "",
  keys: "",
  hideServer: true,
  requestIds: true,
  accessLog: true,
  logLabels: false,
  logScores: false,
  followsBoth: false,
  sent: {},
  gateways: false,
  bodySize: 0,
};
