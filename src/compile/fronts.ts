/** What nginx has to listen for so that requests for Gateways come in. */
import type { Config } from "../model/config/config.ts";
import type { Front } from "../model/shapes/front.ts";
import type { Settings } from "../settings.ts";
import type { EngineFacts } from "./facts.ts";

export type { Front } from "../model/shapes/front.ts";

/** An address (IPv6 without brackets) and a port that http is to be served on, beside those of Ingresses. */
export interface FrontListen {
  /** `0.0.0.0 8080`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly ssl: boolean;
}

type ListenSettings = Pick<Settings, "bindAddress" | "httpPort" | "httpsPort">;

/**
 * One socket for each port takes the requests of all addresses, so that another Gateway on a known port changes nothing here. Where the operator
 * chose addresses to listen on, those of Gateways come beside them.
 */
export function frontListens(fronts: Iterable<Front>, settings: ListenSettings, config: Pick<Config, "disableIpv6">, facts: Pick<EngineFacts, "ipv6">): readonly FrontListen[] {
  const { bindAddress, httpPort, httpsPort } = settings;
  const everywhere = config.disableIpv6 || !facts.ipv6 ? ["0.0.0.0"] : ["0.0.0.0", "::"];
  const wanted = new Map<string, FrontListen>();
  for (const { address, port, https: ssl } of fronts) {
    if (port === 0) continue;
    const hosts = bindAddress.length === 0 ? everywhere : address === undefined ? bindAddress : [address];
    for (const host of hosts) {
      const isThere = (port === httpPort || port === httpsPort) && (bindAddress.length === 0 || bindAddress.includes(host));
      if (!isThere) wanted.set(`${host} ${port}`, { id: `${host} ${port}`, host, port, ssl });
    }
  }
  return [...wanted.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Sockets that are wanted, and that nginx does not have, or not in that way. */
export function socketsToOpen(wanted: readonly FrontListen[], open: readonly FrontListen[]): readonly FrontListen[] {
  return wanted.filter(({ id, ssl }) => open.every((one) => one.id !== id || one.ssl !== ssl));
}

/** The fronts that one of these sockets (`FrontListen.id`) would serve. */
export function frontsAt(sockets: ReadonlyMap<string, string>, fronts: ReadonlyMap<string, Front>): ReadonlyMap<Front, string> {
  const found = new Map<Front, string>();
  for (const [id, why] of sockets) {
    const [host = "", port = ""] = id.split(" ");
    for (const front of fronts.values()) {
      if (String(front.port) === port && (front.address === undefined || front.address === host || host === "0.0.0.0" || host === "::")) found.set(front, why);
    }
  }
  return found;
}
