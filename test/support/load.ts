/** Sends requests one after the other, on new connections and on kept ones, and notes what became of each. */
import * as http from "node:http";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Answer, type Ask } from "./client.ts";

export interface Sent {
  /** Milliseconds of `performance.now()`. */
  readonly begun: number;
  readonly ended: number;
  /** What went wrong; undefined: nothing. */
  readonly problem: string | undefined;
}

export interface LoadOptions extends Ask {
  /** Which answers are right. Without it: a 200 from a backend. */
  readonly right?: (answer: Answer) => boolean;
  /** Whether half of the requests come on kept connections. Without it: yes. */
  readonly kept?: boolean;
}

export interface Load {
  /** Resolves when `count` more requests have ended that began after `after`, a time of `performance.now()`; now without it. */
  more(count: number, after?: number): Promise<void>;
  /** Resolves when the requests under way have ended, with all there were. */
  stop(): Promise<readonly Sent[]>;
  /** Stops, and gives the problems there were. */
  problems(): Promise<readonly string[]>;
}

/**
 * Each of four clients pauses for up to this long between two requests: enough requests for the shortest gap in serving to hit
 * some, and the processor is left to what is tested.
 */
const PAUSE_MS = 8;

/** Ends with the test at the latest. */
export function startLoad(t: Pick<TestContext, "after">, { right = isServed, kept = true, ...question }: LoadOptions): Load {
  const sent: Sent[] = [];
  let stopping = false;
  const loop = async (agent: http.Agent | undefined): Promise<void> => {
    while (!stopping) {
      const begun = performance.now();
      const problem = await ask({ ...question, ...(agent ? { agent } : {}) }).then(
        (answer) => (right(answer) ? undefined : `status ${answer.status}`),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      sent.push({ begun, ended: performance.now(), problem });
      await sleep(Math.random() * PAUSE_MS);
    }
  };
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const end = (): void => void (stopping = true);
  t.after(end);
  const loops = [undefined, undefined, ...(kept ? [agent, agent] : [undefined, undefined])].map(loop);
  const stop = async (): Promise<readonly Sent[]> => {
    end();
    await Promise.all(loops);
    agent.destroy();
    return sent;
  };
  return {
    async more(count, after = performance.now()) {
      while (sent.filter(({ begun }) => begun > after).length < count && !stopping) await sleep(5);
    },
    stop,
    problems: async () => (await stop()).flatMap(({ problem }) => problem ?? []),
  };
}

function isServed({ status, echo }: Answer): boolean {
  return status === 200 && echo !== undefined;
}
