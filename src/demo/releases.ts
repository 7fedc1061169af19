/**
 * The releases of the walk-through, and the clients that ask for them: a release goes on by what requests come to, and nobody else sends any.
 *
 * It names hosts and Ingresses of `examples/canary/rollout.yaml`: change both together. Guarantee: nothing is sent for a release that is at its end, nor
 * after `signal` aborts.
 */
import { Agent, request } from "node:http";
import type { RolloutStatus } from "../rollout/status.ts";
import type { Reach } from "./walkthrough.ts";

export const RELEASES_FILE = "canary/rollout.yaml";

/** `namespace/name` of the canary's Ingress → its host. */
const HOSTS: ReadonlyMap<string, string> = new Map([
  ["default/good-release-canary", "good-release.abc.com"],
  ["default/bad-release-canary", "bad-release.abc.com"],
]);

/** Between two requests for one release: enough of them for an end within a minute. */
const PAUSE_MS = 50;
/** Requests of one release that wait for their answer, at most. */
const MOST_WAITING = 10;

/** What to run to see them. `flags`: those by which commands find this demo. */
export function releasesAdvice(folder: string, flags: { readonly asking: string; readonly changing: string }): string[] {
  const [good = "", bad = ""] = [...HOSTS.keys()].map((key) => `ingress/${key}`);
  return [
    `Two releases go on by themselves (${folder}/${RELEASES_FILE}): within a minute one has all requests, and the other is taken back.`,
    `Until then the demo itself sends ${1000 / PAUSE_MS} requests a second to each. Watch one, and begin one anew:`,
    `  bin/sluice rollout status ${good}${flags.asking}`,
    `  bin/sluice rollout restart ${bad}${flags.changing}`,
  ];
}

export interface Visits {
  readonly statuses: () => readonly RolloutStatus[];
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** Sends requests for each release that is under way. */
export function visitReleases({ statuses, reach: { address, http }, signal }: Visits): void {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_WAITING });
  const waiting = new Map<string, number>();
  const visit = (host: string): void => {
    const now = waiting.get(host) ?? 0;
    if (now >= MOST_WAITING) return;
    waiting.set(host, now + 1);
    const asked = request({ host: address, port: http, path: "/", agent, signal, headers: { Host: host, "User-Agent": "sluice-demo" } }, (answer) => void answer.resume());
    // What became of it is the release's to say.
    asked.on("error", () => undefined);
    asked.once("close", () => waiting.set(host, (waiting.get(host) ?? 1) - 1));
    asked.end();
  };
  const visiting = setInterval(() => {
    for (const { ingress, status } of statuses()) {
      const host = HOSTS.get(ingress);
      if (host !== undefined && status === "advancing") visit(host);
    }
  }, PAUSE_MS);
  signal.addEventListener("abort", () => {
    clearInterval(visiting);
    agent.destroy();
  }, { once: true });
}
