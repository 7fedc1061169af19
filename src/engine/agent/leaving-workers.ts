/**
 * Keeps the old generations of one nginx's workers within their bound (see leaving.ts).
 *
 * nginx cannot ask the client of a WebSocket to connect anew: a worker that is ended closes its connections, and its
 * clients come back by themselves. A worker is ended by SIGTERM, so that it still reports what it has counted; one that
 * does not react is killed.
 */
import type { Log } from "../../support/log.ts";
import { isAlive, signalAll, type ProcessIdentity } from "../../support/process-identity.ts";
import { MOST_LEAVING, NONE_LEAVING, type LeavingCounts } from "../leaving.ts";

/** Workers that were replaced together. */
export interface OldGeneration {
  /** Unix time in milliseconds. */
  readonly since: number;
  readonly workers: readonly ProcessIdentity[];
}

const DEAF_MS = 2000;

/** The generations that still have workers, with those that live. */
function stillThere(generations: readonly OldGeneration[]): OldGeneration[] {
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

  /**
   * Takes workers that were just replaced as one more old generation, and ends the oldest generations beyond the bound.
   * Answers those that are left.
   */
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
    signalAll(workers, "SIGTERM");
    setTimeout(() => signalAll(workers, "SIGKILL"), DEAF_MS).unref();
  }
}
