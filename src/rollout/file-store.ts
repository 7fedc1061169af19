/** Releases in a file of the folder that --state-dir names, and in memory alone where there is no such folder. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { NOTHING_KEPT, readKept, textOfKept, type Kept, type RolloutStore } from "./store.ts";

const FILE = "rollouts.json";
/** Numbers that nobody acts on may wait so long: a process that is killed loses so much evidence, and no step. */
const SOON_MS = 10_000;

/** For a Sluice that nobody gave a folder. A release that is interrupted begins anew, with its first step. */
export const MEMORY_STORE: RolloutStore = { load: () => Promise.resolve(NOTHING_KEPT), save: () => Promise.resolve(), close: () => Promise.resolve() };

/**
 * Makes the folder where there is none. Throws a UserError where no file can be kept in it.
 * @param failed called with why it cannot be written, and with undefined when it can again
 */
export function createFileStore(folder: string, log: Log, failed: (problem: string | undefined) => void): RolloutStore {
  const path = join(folder, FILE);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Tried before anything is served: a release must not find out at its first step.
    writeFileSync(`${path}.new`, "", { mode: 0o600 });
  } catch (error) {
    throw new UserError(`Nothing can be kept in ${folder} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): name a folder that Sluice may write in with --state-dir.`);
  }
  let written = "";
  let waiting: Kept | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      const kept = waiting;
      waiting = undefined;
      const text = kept && textOfKept(kept);
      if (text === undefined || text === written) return;
      try {
        await replace(path, text);
        written = text;
        failed(undefined);
      } catch (error) {
        waiting ??= kept;
        failed((error as NodeJS.ErrnoException).code ?? (error as Error).message);
      }
    });
    return writing;
  };

  return {
    load: () => Promise.resolve(read(path, log)),
    save(kept, now) {
      waiting = kept;
      if (now) return flush();
      timer ??= setTimeout(() => void flush(), SOON_MS).unref();
      return Promise.resolve();
    },
    close: flush,
  };
}

function read(path: string, log: Log): Kept {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") log("warn", `the releases kept in ${path} cannot be read (${code}): they begin anew`);
    return NOTHING_KEPT;
  }
  try {
    return readKept(text);
  } catch (error) {
    const aside = `${path}.unreadable`;
    log("warn", `the releases kept in ${path} cannot be read (${(error as Error).message}): they begin anew, and the file is ${aside} now`);
    renameSync(path, aside);
    return NOTHING_KEPT;
  }
}

/** After this the file has the old text or the new one, whenever the power fails. */
async function replace(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
