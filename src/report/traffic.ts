/**
 * What became of the requests of each route and canary since the controller started, for whoever watches rates: numbers
 * of requests and errors, and a histogram of durations where requests are measured. The metrics are another matter:
 * options take labels and series away from them.
 *
 * Guarantee: bounded in memory, however many routes there are. Who says what it has read (a cursor) is told only of
 * routes with requests since then; a cursor of another life of the controller is recognised.
 */
import { randomUUID } from "node:crypto";
import { HISTOGRAMS, layoutOf } from "../../edge/src/measures.ts";
import { boundsOf } from "../compile/measures.ts";
import type { Answers, CounterRow } from "../engine/protocol.ts";
import type { Settings } from "../settings.ts";

/**
 * Routes and canaries that are told apart, and characters of all their labels; requests of others are added up in one
 * row. A row takes about 400 bytes.
 */
const MOST_ROWS = 20_000;
const MOST_CHARACTERS = 4_000_000;
/** A row without requests for so long is dropped. */
const KEPT_MS = 15 * 60_000;
/** Between two looks for such rows. */
const SWEEP_MS = 60_000;

/** Numbers that only grow. */
export interface TrafficNumbers {
  readonly requests: number;
  /** Requests with a status from 400 to 499, and from 500 on. */
  readonly clientErrors: number;
  readonly serverErrors: number;
  /** Requests by duration, each counted once: the bucket of each bound, and one without bound. Absent: not measured. */
  readonly took?: readonly number[];
}

/** One route, or one canary of a route. */
export interface TrafficRow extends TrafficNumbers {
  /** Of this row alone, in this life of the controller: a route whose row was dropped gets another one. */
  readonly id: number;
  /** Labels, as in the metrics; all are "" where no route took the requests. */
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  /** As declared. */
  readonly path: string;
  /** The canary's name; "": the requests that no canary took. */
  readonly canary: string;
  /** The rule's host: `*.example.com` for a wildcard, `_` for a rule without host. */
  readonly host: string;
  /** The row of all routes for which there was no row. */
  readonly others?: true;
}

/** What is true of all rows together. */
export interface TrafficHead {
  /** To be given with the next question. */
  readonly cursor: string;
  /** The rows are all there are, because the cursor was none of this life. */
  readonly anew: boolean;
  /** Upper bounds of the buckets of durations, in milliseconds, ascending; absent: durations are not measured. */
  readonly bounds?: readonly number[];
  /** Open connections of clients; absent: not known. */
  readonly connections?: number;
  /** How many routes and canaries of Ingresses there are. */
  readonly routes: number;
  /** Requests that Sluice answered itself, by reason. They are not known by route. */
  readonly answers: Answers;
  /** All rows added up, those that were dropped too. */
  readonly total: TrafficNumbers;
}

export interface TrafficAnswer {
  readonly head: TrafficHead;
  /** Made while they are read. */
  readonly rows: Iterable<TrafficRow>;
}

export interface Traffic {
  /** Adds what one worker counted since its last report. */
  count(rows: readonly CounterRow[], answers: Answers): void;
  /** Takes the number of open connections. */
  connected(connections: number): void;
  /** The rows with requests since the answer that had this cursor; all rows for any other text. */
  since(cursor: string): TrafficAnswer;
}

interface Kept {
  readonly id: number;
  /** Requests, client errors, server errors; then the buckets, where durations are measured. */
  readonly numbers: number[];
  /** The report that added to it last, and when, in milliseconds. */
  report: number;
  at: number;
}

const BUCKETS_AT = 3;

export interface TrafficOptions {
  readonly settings: Settings;
  /** How many routes and canaries of Ingresses there are. */
  readonly routes: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
  /** A text that no other life of the controller has. */
  readonly life?: string;
}

export function createTraffic({ settings, routes, now = () => performance.now(), life = randomUUID() }: TrafficOptions): Traffic {
  const { time } = boundsOf(settings);
  const buckets = settings.enableMetrics ? time.length + 1 : 0;
  const durations = HISTOGRAMS.findIndex(({ name }) => name === "request_duration_seconds");
  /** Of the buckets: the sum of the durations stands before them. */
  const first = (layoutOf(boundsOf(settings)).starts[durations] ?? 0) + 1;
  const answers = new Map<string, number>();
  const kept = new Map<string, Kept>();
  let characters = 0;
  let others: Kept | undefined;
  let report = 0;
  let ids = 0;
  let swept = now();
  let connections: number | undefined;

  const zeros = (): number[] => Array.from({ length: BUCKETS_AT + buckets }, () => 0);
  const total = zeros();
  const newRow = (): Kept => ({ id: ids++, numbers: zeros(), report, at: 0 });

  const place = (row: CounterRow): Kept => {
    const key = keyOf(row);
    const known = kept.get(key);
    if (known) return known;
    if (kept.size >= MOST_ROWS || characters + key.length > MOST_CHARACTERS) return (others ??= newRow());
    const added = newRow();
    kept.set(key, added);
    characters += key.length;
    return added;
  };

  const add = (row: CounterRow, at: number): void => {
    const one = place(row);
    const { numbers } = one;
    one.report = report;
    one.at = at;
    const raise = (index: number, by: number): void => {
      numbers[index] = (numbers[index] ?? 0) + by;
      total[index] = (total[index] ?? 0) + by;
    };
    raise(0, row.requests);
    if (row.status >= 400) raise(row.status < 500 ? 1 : 2, row.requests);
    const cells = row.cells ?? [];
    for (let index = 0; index + 1 < cells.length; index += 2) {
      const bucket = (cells[index] as number) - first;
      if (Number.isInteger(bucket) && bucket >= 0 && bucket < buckets) raise(BUCKETS_AT + bucket, cells[index + 1] as number);
    }
  };

  const sweep = (at: number): void => {
    if (at - swept < SWEEP_MS) return;
    swept = at;
    for (const [key, one] of kept) {
      if (at - one.at <= KEPT_MS) continue;
      kept.delete(key);
      characters -= key.length;
    }
  };

  function* rowsSince(seen: number): Generator<TrafficRow> {
    for (const [key, one] of kept) if (one.report > seen) yield { id: one.id, ...labelsOfKey(key), ...numbersOf(one.numbers) };
    if (others && others.report > seen) yield { id: others.id, ...NO_LABELS, others: true, ...numbersOf(others.numbers) };
  }

  return {
    count(rows, answered) {
      const at = now();
      sweep(at);
      report++;
      for (const row of rows) add(row, at);
      for (const [reason, number] of Object.entries(answered)) answers.set(reason, (answers.get(reason) ?? 0) + number);
    },
    connected: (open) => void (connections = open),
    since(cursor) {
      sweep(now());
      const [of, digits = ""] = cursor.split(".");
      const seen = of === life && /^\d{1,15}$/.test(digits) ? Number(digits) : Infinity;
      const anew = seen > report;
      const head: TrafficHead = {
        cursor: `${life}.${report}`, anew, ...(buckets > 0 ? { bounds: time } : {}), ...(connections === undefined ? {} : { connections }),
        routes: routes(), answers: Object.fromEntries(answers), total: numbersOf(total),
      };
      return { head, rows: rowsSince(anew ? -1 : seen) };
    },
  };
}

/** The answer as lines of JSON: the head, then a line for each row. */
export function* trafficLines({ head, rows }: TrafficAnswer): Generator<string> {
  yield `${JSON.stringify(head)}\n`;
  for (const row of rows) yield `${JSON.stringify(row)}\n`;
}

const NO_LABELS = { namespace: "", ingress: "", service: "", path: "", canary: "", host: "" } as const;

/** The labels in one text, which takes a third of the memory of six. The path is last, because any character may be in it. */
function keyOf({ namespace, ingress, service, canary, host = "", path }: CounterRow): string {
  return [namespace, ingress, service, canary, host, path].join("\n");
}

function labelsOfKey(key: string): Pick<TrafficRow, keyof typeof NO_LABELS> {
  const [namespace = "", ingress = "", service = "", canary = "", host = "", ...path] = key.split("\n");
  return { namespace, ingress, service, path: path.join("\n"), canary, host };
}

function numbersOf(numbers: readonly number[]): TrafficNumbers {
  const [requests = 0, clientErrors = 0, serverErrors = 0, ...took] = numbers;
  return { requests, clientErrors, serverErrors, ...(took.length > 0 ? { took } : {}) };
}
