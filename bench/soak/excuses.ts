/**
 * Which failures are excused: those whose connection ended with the process that was killed, and those that ARCHITECTURE.md
 * ("Outages and adoption") says happen. Everything else is a lost request.
 */
import type { Note } from "./notes.ts";

/** A worker that was ended, with the clients that it was connected with in its last moment. */
export interface Death {
  readonly pid: number;
  readonly at: number;
  /** When it stopped doing anything; `at` unless it was stopped first. */
  readonly from: number;
  /** The clients' ports. */
  readonly ports: ReadonlySet<number>;
}

/** A time in which something is documented to fail. */
export interface Gap {
  readonly what: "no listener" | "disk full";
  readonly from: number;
  readonly until: number;
}

export interface Judged {
  readonly lost: readonly Note[];
  /** By reason. */
  readonly excused: ReadonlyMap<string, number>;
}

/** How long a client may need to notice that its connection is gone. */
const NOTICED_MS = 3000;
/** The kernel's word that nobody listens, or that who would have accepted is gone. */
const NOT_ACCEPTED = /ECONNREFUSED|ECONNRESET|socket hang up/;
/**
 * Before a reload, workers announce to each client that its connection will be closed, with the answers of a second. A client that asked nothing
 * in that second cannot know, and may send its next request as the connection is closed; it is to send it again (RFC 9112, 9.3.1).
 */
const FAREWELL_MS = 1000;
const CLOSED = /ECONNRESET|EPIPE|socket hang up/;
/** Requests whose bodies nginx writes to the disk before it asks the backend. */
export const BUFFERED = "slow upload, buffered";

export const IN_FLIGHT = "their worker was killed";
export const NO_LISTENER = "agent and master killed, both: nobody listened for a moment";
export const SILENT = "over a kept connection that was silent for longer than the farewell before a reload";
export const DISK_FULL = "a body that did not fit on the full disk";

export function excuse(note: Note, deaths: readonly Death[], gaps: readonly Gap[]): string | undefined {
  if (note.wrong) return undefined;
  const died = deaths.some(({ ports, from, at }) =>
    note.port !== undefined && ports.has(note.port) && note.ended >= from && note.ended <= at + NOTICED_MS);
  if (died) return IN_FLIGHT;
  const within = (what: Gap["what"]): boolean => gaps.some((gap) => gap.what === what && note.ended >= gap.from && note.begun <= gap.until);
  if (NOT_ACCEPTED.test(note.problem ?? "") && within("no listener")) return NO_LISTENER;
  if ((note.silentMs ?? 0) >= FAREWELL_MS && CLOSED.test(note.problem ?? "")) return SILENT;
  if (note.kind === BUFFERED && within("disk full")) return DISK_FULL;
  return undefined;
}

export function judge(failures: readonly Note[], deaths: readonly Death[], gaps: readonly Gap[]): Judged {
  const lost: Note[] = [];
  const excused = new Map<string, number>();
  for (const note of failures) {
    const why = excuse(note, deaths, gaps);
    if (why === undefined) lost.push(note);
    else excused.set(why, (excused.get(why) ?? 0) + 1);
  }
  return { lost, excused };
}
