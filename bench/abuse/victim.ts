/** A normal client beside the attacks: whatever happens to others, each of its requests gets the right answer. */
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { ask } from "../../test/support/client.ts";

/** What became of the requests so far. */
export interface VictimCounts {
  /** Requests that were answered rightly. */
  readonly right: number;
  /** What was wrong with the others. */
  readonly wrong: readonly string[];
  /** The slowest answer, in milliseconds. */
  readonly slowest: number;
}

export interface Victim {
  readonly counts: () => VictimCounts;
  /** Resolves when the last request was answered. */
  stop(): Promise<void>;
}

interface VictimTarget {
  readonly http: number;
  readonly https: number;
  readonly host: string;
}

/** Starts the client in a thread of its own, so that it does not wait for those who attack. */
export function startVictim({ http, https, host }: VictimTarget): Victim {
  const worker = new Worker(new URL(import.meta.url), { workerData: { http, https, host } });
  let counts: VictimCounts = { right: 0, wrong: [], slowest: 0 };
  worker.on("message", (told: VictimCounts) => (counts = told));
  worker.on("error", (error) => (counts = { ...counts, wrong: [...counts.wrong, `the client ended: ${error.message}`] }));
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  return {
    counts: () => counts,
    async stop() {
      worker.postMessage("stop");
      await ended;
    },
  };
}

/** Asks over kept and new connections, plain, TLS and HTTP/2, with and without a body, about twenty times a second. */
async function askOn({ http, https, host }: VictimTarget, port: NonNullable<typeof parentPort>): Promise<void> {
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
  port.once("message", () => (ended = true));
  await Promise.all(Array.from({ length: ways.length }, async (_, index) => {
    for (let turn = index; !ended; turn += ways.length) {
      await one(turn);
      port.postMessage({ right, wrong, slowest } satisfies VictimCounts);
      await sleep(200);
    }
  }));
  for (const agent of kept) agent.destroy();
}

if (parentPort) await askOn(workerData as VictimTarget, parentPort);
