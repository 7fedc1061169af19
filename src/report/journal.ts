/**
 * The newest requests that workers noted (edge/src/journal.ts), and those that somebody watches as they end.
 *
 * Guarantee: bounded in memory, however many requests there are and however slowly a watcher reads. Nothing is written
 * to a disk.
 */
import type { JournalRow } from "../../edge/src/journal.ts";

/** Rows, which take about 2 MB. So many more gather before the oldest go, because each cut moves all that stay. */
const KEPT = 4096;
const GATHERED = 1024;
/** Workers note everything for so long after each word; the word is said again in time. */
const WATCH_SECONDS = 10;
const RENEWAL_MS = 4000;
const MOST_WATCHERS = 16;

export interface Watcher {
  /** @param dropped requests that ended, too, and of which nothing is known. */
  rows(rows: readonly JournalRow[], dropped: number): void;
}

export interface Journal {
  take(rows: readonly JournalRow[], dropped: number): void;
  /** Oldest first. */
  newest(): readonly JournalRow[];
  /** Tells of every request from now on. Gives what ends that; undefined: too many watch already. */
  watch(watcher: Watcher): (() => void) | undefined;
}

/** @param ask tells the workers to note every request for so many seconds. */
export function createJournal(ask: (seconds: number) => void): Journal {
  let kept: JournalRow[] = [];
  const watchers = new Set<Watcher>();
  let renewal: NodeJS.Timeout | undefined;

  return {
    take(rows, dropped) {
      kept.push(...rows);
      if (kept.length > KEPT + GATHERED) kept = kept.slice(-KEPT);
      for (const watcher of watchers) watcher.rows(rows, dropped);
    },
    newest: () => kept.slice(-KEPT),
    watch(watcher) {
      if (watchers.size >= MOST_WATCHERS) return undefined;
      watchers.add(watcher);
      ask(WATCH_SECONDS);
      renewal ??= setInterval(() => ask(WATCH_SECONDS), RENEWAL_MS).unref();
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        clearInterval(renewal);
        renewal = undefined;
      };
    },
  };
}
