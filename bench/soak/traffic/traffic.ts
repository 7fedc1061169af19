/** All kinds of traffic beside each other: some hundred requests a second. */
import { setMaxListeners } from "node:events";
import { createRandom } from "../../../test/support/random.ts";
import type { Traffic } from "./client.ts";
import { http2Session } from "./http2.ts";
import { keptConnection, keptTls, newConnections, newTls, rollingUpdates } from "./plain.ts";
import { canaries, externalAuth, limited, startRuleCounts, stickySession, type RuleCounts } from "./rules.ts";
import { slowDownloads, slowUploads } from "./transfers.ts";
import { webSockets } from "./websocket.ts";

export interface RunningTraffic {
  readonly counts: RuleCounts;
  /** Resolves when what was under way has ended. */
  stop(): Promise<void>;
}

/** Of each kind, how many clients. */
const CLIENTS = {
  kept: 3, opening: 2, keptTls: 2, openingTls: 1, http2: 2, sockets: 20, uploads: 3, bufferedUploads: 1, downloads: 3, canaries: 2, sticky: 3, auth: 1, rolling: 2,
};

/** @param socketSeconds how long a WebSocket stays open at most */
export function startTraffic(input: Omit<Traffic, "signal" | "random">, seed: number, socketSeconds: number): RunningTraffic {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const counts = startRuleCounts();
  let serial = 0;
  // Each client draws its own numbers, so that what one does depends on no other.
  const clients = (count: number, one: (traffic: Traffic) => Promise<void>): Promise<void>[] =>
    Array.from({ length: count }, () => one({ ...input, signal: stopping.signal, random: createRandom(seed + ++serial) }));
  const running = [
    ...clients(CLIENTS.kept, keptConnection),
    ...clients(CLIENTS.opening, newConnections),
    ...clients(CLIENTS.keptTls, keptTls),
    ...clients(CLIENTS.openingTls, newTls),
    ...clients(CLIENTS.http2, http2Session),
    ...clients(CLIENTS.sockets, (traffic) => webSockets(traffic, socketSeconds)),
    ...clients(CLIENTS.uploads, (traffic) => slowUploads(traffic, false)),
    ...clients(CLIENTS.bufferedUploads, (traffic) => slowUploads(traffic, true)),
    ...clients(CLIENTS.downloads, slowDownloads),
    ...clients(CLIENTS.canaries, (traffic) => canaries(traffic, counts)),
    ...clients(CLIENTS.sticky, stickySession),
    ...clients(1, (traffic) => limited(traffic, counts)),
    ...clients(CLIENTS.auth, externalAuth),
    ...clients(CLIENTS.rolling, rollingUpdates),
  ];
  return {
    counts,
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
