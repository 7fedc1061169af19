/**
 * The journal: what workers say about single requests, so that people can ask what became of theirs. A sample at most
 * times, and every request while somebody watches.
 *
 * Pure. Queries are left out, because they may carry secrets; so are headers and bodies.
 */
import { clip, type RequestRow } from "./request-row.ts";

export interface JournalRow extends RequestRow {
  /** Milliseconds of Unix time at which the request ended. */
  time: number;
  /** Milliseconds from its first byte to the last of the answer. */
  took: number;
  host: string;
  /** Raw path, without the query. */
  path: string;
  /** Why Sluice answered itself (./reasons.ts); "": a backend answered. */
  reason: string;
  /** The status that each of the endpoints answered, in the order of `upstream`; 502 and 504 stand for none. */
  answers: string;
  /** The id that backends get as X-Request-ID. */
  id: string;
}

export const JOURNAL_ROWS_PER_MESSAGE = 128;
/** Rows that a worker keeps between two reports (a second), and while somebody watches (0.2 seconds). */
export const SAMPLED = 100;
export const WATCHED = 500;

export interface Notes {
  rows: JournalRow[];
  /** Requests that somebody who watches does not get to see, because they found no room. */
  dropped: number;
}

export function newNotes(): Notes {
  return { rows: [], dropped: 0 };
}

/** Whether one more row has room; if not while somebody watches, the request is counted. */
export function hasRoom(notes: Notes, watched: boolean): boolean {
  if (notes.rows.length < (watched ? WATCHED : SAMPLED)) return true;
  if (watched) notes.dropped++;
  return false;
}

/** The path of a raw request target (`/a?b`), cut to what a row holds. */
export function pathWithoutQuery(target: string): string {
  const query = target.indexOf("?");
  return clip(query < 0 ? target : target.substring(0, query));
}
