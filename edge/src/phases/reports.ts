/**
 * What a worker tells the controller now and then: requests that it counted or measured, spans, and rows of the journal.
 *
 * Messages have a bounded size, so that a worker never works for long at one. A worker with much to tell reports less
 * often, so that reporting takes a small share of its time however many routes there are.
 */
import { SPANS_PER_MESSAGE } from "../trace.ts";
import { connectionCounts } from "./connections-report.ts";
import { beginDrain, drain } from "./counters.ts";
import { tellJournal } from "./journal.ts";
import { options } from "./options.ts";
import { takeAnswers, type EdgeAnswers } from "./reasons.ts";
import { send, sendRows } from "./sending.ts";
import { beginTallyDrain, drainTallies } from "./tallies.ts";
import { drainSpans } from "./trace.ts";

const ROWS_PER_MESSAGE = 200;
const ROWS_PER_SECOND = 2000;

/** Seconds until the next report; undefined: the connection is broken. */
export function report(socket: ngx.TcpSocket): number | undefined {
  let told = 0;
  beginCounters();
  for (;;) {
    const message = nextMessage();
    if (message === undefined) break;
    told += message.rows.length;
    // What did not arrive is said again over the next connection.
    unsent = message;
    if (!send(socket, message)) return undefined;
    unsent = undefined;
    // Lets requests run.
    ngx.sleep(0.001);
  }
  const counts = options.measured === undefined ? undefined : connectionCounts();
  if (counts !== undefined && !send(socket, counts)) return undefined;
  if (!sendRows(socket, "spans", drainSpans(), SPANS_PER_MESSAGE)) return undefined;
  return tellJournal(socket) ? Math.max(1, told / ROWS_PER_SECOND) : undefined;
}

interface CountersMessage {
  readonly op: "counters";
  readonly rows: object[];
  readonly answers: EdgeAnswers | undefined;
}

/** Counters that were taken for a message which the controller did not get. */
let unsent: CountersMessage | undefined;

/** Begins a report: what is counted from now on waits for the next one. */
export function beginCounters(): void {
  if (options.measured === undefined) beginDrain();
  else beginTallyDrain();
}

/** Some of what was counted before `beginCounters`; undefined when there is nothing. */
export function nextMessage(): CountersMessage | undefined {
  if (unsent !== undefined) {
    const again = unsent;
    unsent = undefined;
    return again;
  }
  const rows = options.measured === undefined ? drain(ROWS_PER_MESSAGE) : drainTallies(ROWS_PER_MESSAGE);
  const answers = takeAnswers();
  return rows.length > 0 || answers !== undefined ? { op: "counters", rows, answers } : undefined;
}
