/** A normal client beside the attacks: whatever happens to others, each of its requests gets the right answer. */
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../../test/support/client.ts";

export interface Victim {
  /** Requests that were answered rightly. */
  readonly right: () => number;
  /** What was wrong with the others. */
  readonly wrong: readonly string[];
  /** The slowest answer, in milliseconds. */
  readonly slowest: () => number;
  stop(): Promise<void>;
}

/** Asks over kept and new connections, plain, TLS and HTTP/2, with and without a body, about twenty times a second. */
export function startVictim({ http, https, host }: { readonly http: number; readonly https: number; readonly host: string }): Victim {
  const wrong: string[] = [];
  let [right, slowest, ended] = [0, 0, false];
  const kept = [new Agent({ keepAlive: true }), new SecureAgent({ keepAlive: true })] as const;
  const ways = [
    { port: http }, { port: https, tls: true }, { port: https, tls: true, http2: true }, { port: http, agent: kept[0] }, { port: https, tls: true, agent: kept[1] },
  ];
  const one = async (turn: number): Promise<void> => {
    const path = `/victim-${turn}?${"q".repeat(turn % 50)}`;
    const body = turn % 3 === 0 ? "b".repeat(turn % 5000) : undefined;
    const begun = performance.now();
    try {
      const { status, echo } = await ask({ ...(ways[turn % ways.length] ?? { port: http }), host, path, ...(body === undefined ? {} : { method: "POST", body, headers: { "content-length": String(body.length) } }) });
      const digest = createHash("sha256").update(body ?? "").digest("hex");
      if (status === 200 && echo?.path === path && echo.bodySha256 === digest && echo.method === (body === undefined ? "GET" : "POST")) right++;
      else wrong.push(`request ${turn} got ${status} ${echo?.path ?? "without the backend's words"}`);
    } catch (error) {
      wrong.push(`request ${turn}: ${(error as Error).message}`);
    }
    slowest = Math.max(slowest, performance.now() - begun);
  };
  const loops = Array.from({ length: ways.length }, async (_, index) => {
    for (let turn = index; !ended; turn += ways.length) {
      await one(turn);
      await sleep(200);
    }
  });
  return {
    right: () => right, wrong, slowest: () => slowest,
    async stop() {
      ended = true;
      await Promise.all(loops);
      for (const agent of kept) agent.destroy();
    },
  };
}
