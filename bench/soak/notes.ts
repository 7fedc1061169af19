/**
 * What became of each request: counted by kind of traffic; those that failed are kept, with the connection they came over.
 * Times are milliseconds of `performance.now()`.
 */

/** A request, or a WebSocket's message, that has ended. */
export interface Note {
  /** Kind of traffic. */
  readonly kind: string;
  readonly begun: number;
  readonly ended: number;
  /** The client's port of its connection; undefined: there was none. */
  readonly port: number | undefined;
  /** What went wrong; undefined: nothing. */
  readonly problem: string | undefined;
  /** Milliseconds that the connection had been silent when the request was sent; absent: it was new. */
  readonly silentMs?: number;
  /** A wrong answer, which no kill excuses. */
  readonly wrong?: boolean;
}

export interface KindCount {
  requests: number;
  failed: number;
}

/** What came since the last look. */
export interface Lately {
  readonly requests: number;
  /** The 99th percentile in milliseconds of requests that are not slow on purpose; undefined: there was none. */
  readonly p99: number | undefined;
}

export interface Notes {
  note(note: Note): void;
  /** Counts something that is no request. */
  count(what: string): void;
  readonly kinds: ReadonlyMap<string, KindCount>;
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly Note[];
  requests(): number;
  /** Since the last call. */
  lately(): Lately;
}

/** Kinds whose requests take long by intent. */
const SLOW = /slow|WebSocket/;
/** Failures beyond these are counted only: a Sluice that is down altogether fails them all for one reason. */
const MOST_KEPT = 20_000;

export function startNotes(): Notes {
  const kinds = new Map<string, KindCount>();
  const counts = new Map<string, number>();
  const failures: Note[] = [];
  let total = 0;
  let lately: number[] = [];
  let since = 0;
  return {
    kinds, counts, failures,
    note(note) {
      const count = kinds.get(note.kind) ?? { requests: 0, failed: 0 };
      kinds.set(note.kind, count);
      count.requests++;
      total++;
      since++;
      if (!SLOW.test(note.kind)) lately.push(note.ended - note.begun);
      if (note.problem === undefined) return;
      count.failed++;
      if (failures.length < MOST_KEPT) failures.push(note);
    },
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    requests: () => total,
    lately() {
      const sorted = lately.sort((a, b) => a - b);
      const p99 = sorted[Math.max(0, Math.ceil(0.99 * sorted.length) - 1)];
      const requests = since;
      lately = [];
      since = 0;
      return { requests, p99 };
    },
  };
}
