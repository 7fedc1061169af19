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
  /** Endpoints get the PROXY protocol. */
  readonly sendProxy: boolean;
  /** Where it leads, as people read it: `namespace/service:port`. */
  readonly service: string;
  readonly origin: Origin;
}
