/**
 * Tells which paths of a set of folders were touched, soon and in one batch.
 *
 * Only a hint to look: kernels drop events and some file systems send none, so the caller looks now and then anyway.
 */
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { Stats } from "node:fs";
import { basename, join } from "node:path";
import { isManifestName } from "./folders.ts";

/** Long enough to fold the events of one save into one look, short enough not to be felt. */
const QUIET_MS = 20;
/** After this long a file that is written without pause is looked at all the same. */
const PATIENCE_MS = 200;

export interface FolderWatch {
  /** Watches exactly these folders (path → identity); true when one of them was not watched before. */
  cover(folders: ReadonlyMap<string, string>): boolean;
  /** Whether the path is one of these folders. */
  has(path: string): boolean;
  /** As if everything had been touched. */
  touchAll(): void;
  close(): void;
}

/**
 * What a touched path asks for. Editors and tools put files of their own beside those that they save, so that not every name may cost a walk through all
 * folders.
 * @param stats of the path now; undefined: there is nothing.
 * @param isFolder whether it was a folder when the folders were walked last
 */
export function lookFor(path: string, stats: Pick<Stats, "isFile"> | undefined, isFolder: boolean): "this file" | "all folders" | "nothing" {
  if (stats ? !stats.isFile() : isFolder) return "all folders";
  return isManifestName(basename(path)) ? "this file" : "nothing";
}

/** Calls `touched` with paths (`lookFor`), or with "all" when only a full look can tell. */
export function watchFolders(touched: (paths: ReadonlySet<string> | "all") => void): FolderWatch {
  const watchers = new Map<string, { identity: string; watcher: FSWatcher | undefined }>();
  let paths = new Set<string>();
  let all = false;
  let timer: NodeJS.Timeout | undefined;
  let since = 0;

  function fire(): void {
    const batch = all ? "all" : paths;
    timer = undefined;
    all = false;
    paths = new Set();
    touched(batch);
  }
  function schedule(): void {
    const now = performance.now();
    if (!timer) since = now;
    clearTimeout(timer);
    timer = setTimeout(fire, Math.max(0, Math.min(QUIET_MS, since + PATIENCE_MS - now)));
  }
  function noteEvent(folder: string, name: string | null): void {
    // Names that start with one dot are editors' own files. "..data" is none: its swap replaces a whole ConfigMap mount.
    if (name !== null && /^\.[^.]/.test(name)) return;
    // The system names the watched folder itself like something within: it was removed, replaced or given other rights.
    if (name === null || name === basename(folder)) all = true;
    else paths.add(join(folder, name));
    schedule();
  }
  function start(folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, (_event, name) => noteEvent(folder, name));
      watcher.on("error", () => {
        watcher.close();
        noteEvent(folder, null);
      });
      return watcher;
    } catch {
      return undefined; // Out of inotify watches, or gone again: the regular look still finds its changes.
    }
  }
  return {
    cover(folders) {
      let added = false;
      for (const [path, known] of watchers) {
        if (folders.get(path) === known.identity) continue;
        known.watcher?.close();
        watchers.delete(path);
      }
      for (const [path, identity] of folders) {
        if (watchers.has(path)) continue;
        watchers.set(path, { identity, watcher: start(path) });
        added = true;
      }
      return added;
    },
    has: (path) => watchers.has(path),
    touchAll() {
      all = true;
      schedule();
    },
    close() {
      clearTimeout(timer);
      for (const { watcher } of watchers.values()) watcher?.close();
      watchers.clear();
    },
  };
}
