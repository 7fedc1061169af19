import type { Origin } from "./routing.ts";

export type StreamProtocol = "tcp" | "udp";

/** A port below http. */
export interface Listener {
  /** `tcp 9000`, or `tcp 127.0.0.5 80` where it has an address of its own. */
  readonly id: string;
  readonly protocol: StreamProtocol;
  /** Absent: wherever http is listened for. */
  readonly address?: string;
  readonly port: number;
  /** Clients send the PROXY protocol. */
  readonly acceptProxy: boolean;
  /** Endpoints get it. */
  readonly sendProxy: boolean;
  /** `namespace/service:port` that it leads to, for people. */
  readonly service: string;
  readonly origin: Origin;
}
