import type { Origin } from "./routing.ts";

/**
 * Where requests for Gateways come in: a port of an address, or of all addresses. The listeners that share it are told apart by the host
 * that a request asks for.
 */
export interface Front {
  /** `10.0.0.5 80`; `* 8080` for all addresses that Sluice has. */
  readonly id: string;
  /** Absent: wherever http is listened for. */
  readonly address?: string;
  /** 0: the front only says that its address belongs to a Gateway. */
  readonly port: number;
  /** TLS ends here. */
  readonly https: boolean;
  /** Host name (`shop.example`; `*.example` for any number of labels; `_` for all others) → key of the listener. Without inherited keys: clients choose the names that are looked up. */
  readonly listeners: Readonly<Record<string, string>>;
  /** `namespace/name` of the Gateways that listen there. */
  readonly gateways: readonly string[];
  /** Of the oldest Gateway. */
  readonly origin: Origin;
}

/** @param port absent: the id that says that all ports of an address belong to Gateways */
export function frontId(address: string | undefined, port?: number): string {
  return `${address ?? "*"} ${port ?? "*"}`;
}
