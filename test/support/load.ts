/** Requests without pause, on new connections and on kept ones, and what became of each. */
import * as http from "node:http";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "./client.ts";

export interface Sent {
  /** Milliseconds of `performance.now()`. */
  readonly begun: number;
  readonly ended: number;
  /** Undefined: a 200 from a backend. */
  readonly problem: string | undefined;
}

export interface Load {
  /** Resolves when so many more requests have ended. */
  more(count: number): Promise<void>;
  stop(): Promise<readonly Sent[]>;
}

/** Ends with the test at the latest. */
export function startLoad(t: TestContext, { port, host }: { readonly port: number; readonly host: string }): Load {
  const sent: Sent[] = [];
  let stopping = false;
  const loop = async (agent: http.Agent | undefined): Promise<void> => {
    while (!stopping) {
      const begun = performance.now();
      const problem = await ask({ port, host, ...(agent ? { agent } : {}) }).then(
        ({ status, echo }) => (status === 200 && echo ? undefined : `status ${status}`),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      sent.push({ begun, ended: performance.now(), problem });
      // Nobody listens any more: no reason to keep the processor busy.
      if (problem === "ECONNREFUSED") await sleep(10);
    }
  };
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const end = (): void => void (stopping = true);
  t.after(end);
  const loops = [undefined, undefined, agent, agent].map(loop);
  return {
    async more(count) {
      const goal = sent.length + count;
      while (sent.length < goal && !stopping) await sleep(5);
    },
    async stop() {
      end();
      await Promise.all(loops);
      agent.destroy();
      return sent;
    },
  };
}
