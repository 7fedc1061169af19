/**
 * The command line, many times over in one thread of this process: what each prints, and how it ends. A process of its own
 * for each (`command.ts`) would spend its time on starting.
 */
import { Worker } from "node:worker_threads";
import type { Ended } from "./command.ts";

export interface Commands {
  /** Runs `sluice …` to its end, one after the other. What is no command here rejects. */
  readonly run: (args: readonly string[]) => Promise<Ended>;
  readonly close: () => Promise<unknown>;
}

const LIMIT_MS = 60_000;

export function startCommands(): Commands {
  const worker = new Worker(new URL("./commands-worker.ts", import.meta.url));
  let last: Promise<unknown> = Promise.resolve();
  const one = (args: readonly string[]): Promise<Ended> => new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`sluice ${args.join(" ")} did not end in ${LIMIT_MS} ms`)), LIMIT_MS);
    worker.once("error", reject);
    worker.once("message", (ended: Ended) => {
      clearTimeout(limit);
      worker.off("error", reject);
      resolve(ended);
    });
    worker.postMessage(args);
  });
  return {
    run: (args) => {
      const ended = last.then(() => one(args));
      last = ended.catch(() => {});
      return ended;
    },
    close: () => worker.terminate(),
  };
}
