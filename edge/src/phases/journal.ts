/**
 * The worker's part of the journal: notes requests as they end, and hands them over to the channel.
 *
 * A plain request pays nothing. The first request of a route and status since the last report is noted where its counter
 * is made. An answer of Sluice's own, and every request while somebody watches, is noted by another log phase, which
 * takes the place of the usual one in the table that nginx.conf calls, for as long as it is needed.
 */
import { isOver, newDeadline, putDeadline } from "../deadline.ts";
import { hasRoom, newNotes, pathWithoutQuery, JOURNAL_ROWS_PER_MESSAGE, type Notes } from "../journal.ts";
import type { EdgeCanary, EdgeRoute } from "../program.ts";
import { reasonOf } from "../reasons.ts";
import { clip, milliseconds } from "../request-row.ts";
import { options } from "./options.ts";
import { requestRow } from "./request-row.ts";
import { sendRows } from "./sending.ts";
import { NOBODY, recall } from "./state.ts";

/** The functions that nginx.conf calls in the log phase. */
export interface LogPhases {
  log(this: void): void;
  logMeasured(this: void): void;
}

let phases: LogPhases | undefined;
let usual: (this: void) => void = () => {};
let notes: Notes = newNotes();
const watchEnds = newDeadline(0, 0);
/** Requests on their way whose answer is Sluice's own and is to be noted. */
let expected = 0;
/** The request at hand is in the journal already. */
let noted = false;

/** To be called when the worker starts. @param called the table that nginx.conf calls. */
export function startJournal(called: LogPhases): void {
  phases = called;
  usual = options.measured === undefined ? called.log : called.logMeasured;
}

/** Notes every request for so many seconds. */
export function watchRequests(seconds: number): void {
  putDeadline(watchEnds, ngx.now(), seconds);
  logWith(noteAndLog);
}

/** Says that the answer to the request at hand is Sluice's own. */
export function expectOwnAnswer(): void {
  if (!hasRoom(notes, false)) return;
  expected++;
  logWith(noteAndLog);
}

/** For the first request of a route and status since the last report. */
export function noteFirst(route: EdgeRoute, canary: EdgeCanary | undefined, status: number): void {
  if (!noted && hasRoom(notes, false)) note(route, canary, status);
}
// Never compiled, because it is rarely called: a recording stops at it and begins again later.
jit.off(noteFirst);

export function isWatched(): boolean {
  return !isOver(watchEnds, ngx.now());
}

function logWith(log: (this: void) => void): void {
  if (phases === undefined) return;
  if (options.measured === undefined) phases.log = log;
  else phases.logMeasured = log;
}

/** The log phase while requests are to be noted. */
function noteAndLog(this: void): void {
  const watched = isWatched();
  const answered = isAnswered();
  if (answered) expected--;
  noted = (watched || answered) && hasRoom(notes, watched);
  if (noted) {
    const state = recall();
    note(state?.route ?? NOBODY, state?.canary, ngx.status);
  }
  usual();
  noted = false;
  if (!watched && expected <= 0) rest();
}
jit.off(noteAndLog);

function isAnswered(): boolean {
  const answer = ngx.var.sluice_answer;
  return answer !== undefined && answer !== "";
}

function rest(): void {
  expected = 0;
  noted = false;
  logWith(usual);
}

function note(route: EdgeRoute, canary: EdgeCanary | undefined, status: number): void {
  const vars = ngx.var;
  const now = ngx.now();
  const answer = vars.sluice_answer;
  const reason = answer === undefined || answer === "" ? reasonOf(status, vars.upstream_header_time) : answer;
  notes.rows.push({
    ...requestRow(route, canary, status),
    time: milliseconds(now),
    // A clock may be set back meanwhile.
    took: math.max(0, milliseconds(now - ngx.req.start_time())),
    host: clip(vars.host ?? ""),
    path: pathWithoutQuery(vars.request_uri ?? ""),
    reason: reason ?? "",
    answers: clip(vars.upstream_status ?? ""),
    id: clip(vars.req_id ?? ""),
  });
}

/**
 * Tells the controller what was noted since the last call. False: the connection is broken, and the rows are lost.
 * Requests whose log phase never came are not waited for any longer.
 */
export function tellJournal(socket: ngx.TcpSocket): boolean {
  if (expected > 0 && !isWatched()) rest();
  return tellNoted(socket);
}

/** As `tellJournal`, at any moment: what is to be noted still is. */
export function tellNoted(socket: ngx.TcpSocket): boolean {
  const full = notes;
  if (full.rows.length > 0) notes = newNotes();
  return sendRows(socket, "requests", full, JOURNAL_ROWS_PER_MESSAGE);
}
