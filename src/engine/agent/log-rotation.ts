/**
 * Keeps the logs in the runtime folder from filling the memory that they lie in: at 64 MiB a log becomes its one old
 * file, `….1`, and begins anew.
 *
 * Guarantee: nothing that goes wrong here ends the agent. A log that cannot be moved away is emptied, because serving
 * needs the room more.
 */
import { chmodSync, chownSync, closeSync, copyFileSync, openSync, renameSync, statSync, truncateSync } from "node:fs";

const LARGEST = 64 * 1024 * 1024;
const LOOK_MS = 10_000;

/** The log that nginx opens by name, and the log that the agent and nginx hold open as their standard output. */
export const ACCESS_LOG = "access.log";
export const ENGINE_LOG = "engine.log";

export interface Logs {
  /** The runtime folder. */
  readonly folder: string;
  /** nginx's workers, when they run under an account of their own. */
  readonly workers: { readonly uid: number } | undefined;
  /** Makes nginx open the access log by its name again. */
  readonly reopen: () => void;
}

/**
 * Makes the access log before nginx does, which would let everybody read it. Workers have to be able to write it,
 * because they open it themselves after it was renamed.
 */
export function makeAccessLog(logs: Pick<Logs, "folder" | "workers">): void {
  makeLog(ACCESS_LOG, logs);
}

/** Makes a file that only workers and we can write. */
export function makeLog(name: string, { folder, workers }: Pick<Logs, "folder" | "workers">): void {
  const file = `${folder}/${name}`;
  closeSync(openSync(file, "a", 0o640));
  chmodSync(file, 0o640);
  if (workers) chownSync(file, workers.uid, process.getgid?.() ?? 0);
}

/** Looks every ten seconds until the timer is cleared. */
export function boundLogs(logs: Logs): NodeJS.Timeout {
  return setInterval(() => boundOnce(logs), LOOK_MS).unref();
}

export function boundOnce(logs: Logs, largest = LARGEST): void {
  const [access, engine] = [`${logs.folder}/${ACCESS_LOG}`, `${logs.folder}/${ENGINE_LOG}`];
  if (sizeOf(access) >= largest) {
    orEmpty(access, () => {
      renameSync(access, `${access}.1`);
      makeAccessLog(logs);
    });
    logs.reopen();
  }
  // Standard output cannot be opened anew; it is opened for appending, so it goes on at the start of an empty file.
  // What is printed between the two calls is lost.
  if (sizeOf(engine) >= largest) {
    orEmpty(engine, () => {
      copyFileSync(engine, `${engine}.1`);
      truncateSync(engine);
    });
  }
}

function orEmpty(file: string, keep: () => void): void {
  try {
    keep();
  } catch {
    try {
      truncateSync(file);
    } catch {
      // It is gone, or the folder cannot be written at all: the next look tries again.
    }
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
