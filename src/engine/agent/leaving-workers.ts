/**
 * Keeps the old generations of one nginx's workers within their bound (see leaving.ts).
 *
 * nginx has no word for clients of a WebSocket: a worker that is ended closes its connections, and they connect anew. It
 * is told to (SIGTERM), so that it still tells what it has counted; one that does not hear it is killed.
 */
import type { Log } from "../../support/log.ts";
import { isAlive, signal, type ProcessIdentity } from "../../support/process-identity.ts";
import { MOST_LEAVING, NONE_LEAVING, type LeavingCounts } from "../leaving.ts";

/** Workers that were replaced together. */
export interface OldGeneration {
  /** Unix time in milliseconds. */
  readonly since: number;
  readonly workers: readonly ProcessIdentity[];
}

const DEAF_MS = 2000;

/** What is left of them. */
export function stillThere(generations: readonly OldGeneration[]): OldGeneration[] {
  return generations.map(({ since, workers }) => ({ since, workers: workers.filter(isAlive) })).filter(({ workers }) => workers.length > 0);
}

export function workersOf(generations: readonly OldGeneration[]): ProcessIdentity[] {
  return generations.flatMap(({ workers }) => workers);
}

export class LeavingWorkers {
  readonly #log: Log;
  #ended = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Answers all that are left when these workers were replaced; ends the oldest that are too many. */
  replaced(workers: readonly ProcessIdentity[], before: readonly OldGeneration[]): readonly OldGeneration[] {
    const all = stillThere([...before, { since: Date.now(), workers }]);
    const tooMany = Math.max(0, all.length - MOST_LEAVING);
    for (const oldest of all.slice(0, tooMany)) this.#end(oldest);
    return all.slice(tooMany);
  }

  counts(generations: readonly OldGeneration[]): LeavingCounts {
    const left = stillThere(generations);
    return { ...NONE_LEAVING, ended: this.#ended, generations: left.length, workers: workersOf(left).length, since: left[0]?.since ?? 0 };
  }

  #end({ since, workers }: OldGeneration): void {
    this.#ended++;
    const seconds = Math.round((Date.now() - since) / 1000);
    this.#log("warn", `workers that were replaced ${seconds} seconds ago are ended with the connections that they still had: there are ${MOST_LEAVING} later generations`, { workers: workers.length });
    for (const worker of workers) signal(worker, "SIGTERM");
    setTimeout(() => workers.forEach((worker) => signal(worker, "SIGKILL")), DEAF_MS).unref();
  }
}
