/** What was found so far: differences by their cause, lines that were not sent, and how long answers took. Its size does not grow with the log. */
import type { ReplyDifference } from "./compare-answers.ts";
import { SKIPPED, type SkippedFor } from "./logged-request.ts";
import { pageAbout } from "./pages.ts";

const MOST_EXAMPLES = 3;
/** Causes that are kept apart: the names of headers are an answer's own choice. */
const MOST_CAUSES = 1000;
const OTHER_CAUSES = "other differences";
/** Characters of a value or URL that are shown. */
const MOST_SHOWN = 300;

interface ReplayExample {
  readonly method: string;
  readonly url: string;
  readonly old: string;
  readonly new: string;
}

export interface ReplayCause {
  readonly cause: string;
  readonly aspect: ReplyDifference["aspect"];
  /** Requests. */
  count: number;
  readonly examples: ReplayExample[];
  /** The page of the documentation about a difference that is meant. */
  readonly page?: string;
}

export interface ReplayLatency {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface ReplaySkipped {
  readonly reason: SkippedFor;
  readonly count: number;
  /** The first of these lines, and its number, where it helps. */
  readonly first?: { readonly number: number; readonly line: string };
}

export interface ReplayTally {
  read(): void;
  /** @param line absent: it was too long to be kept. */
  skip(reason: SkippedFor, line?: string): void;
  took(side: "old" | "new", ms: number): void;
  /** One request was sent, with what differs, and what varies by itself. */
  compared(request: { readonly method: string; readonly url: string }, differences: readonly ReplyDifference[], varying: ReadonlySet<ReplyDifference>): void;
  /** Whether so many requests had this difference, and none of them was one that varies, that the next need not be tried again. */
  isSettled(difference: ReplyDifference): boolean;
  counts(): ReplayCounts;
  report(): ReplayFindings;
}

export interface ReplayCounts {
  /** Lines. */
  readonly lines: number;
  /** Requests. */
  readonly sent: number;
  readonly alike: number;
  readonly different: number;
  /** Requests whose answers differ, and only in what differs by itself. */
  readonly varying: number;
}

export interface ReplayFindings extends ReplayCounts {
  /** The most frequent cause first. */
  readonly differences: readonly ReplayCause[];
  readonly varies: readonly ReplayCause[];
  readonly skipped: readonly ReplaySkipped[];
  readonly latency: { readonly old?: ReplayLatency; readonly new?: ReplayLatency };
}

/** Requests with one difference that make it settled. */
const SETTLED = 100;

export function replayTally(): ReplayTally {
  const counts = { lines: 0, sent: 0, alike: 0, different: 0, varying: 0 };
  const [causes, varies] = [new Map<string, ReplayCause>(), new Map<string, ReplayCause>()];
  const skipped = new Map<SkippedFor, { count: number; first?: { number: number; line: string } }>();
  const times = { old: latencies(), new: latencies() };
  return {
    read: () => void counts.lines++,
    skip(reason, line) {
      const known = skipped.get(reason);
      if (known) known.count++;
      else skipped.set(reason, { count: 1, ...(line === undefined || reason === "repeated" || reason === "many" ? {} : { first: { number: counts.lines, line: shown(line) } }) });
    },
    took: (side, ms) => times[side].add(ms),
    compared({ method, url }, differences, varying) {
      counts.sent++;
      if (differences.length === 0) counts.alike++;
      else if (differences.every((one) => varying.has(one))) counts.varying++;
      else counts.different++;
      for (const one of differences) note(varying.has(one) ? varies : causes, one, { method, url: shown(url), old: shown(one.old), new: shown(one.new) });
    },
    isSettled: ({ aspect, cause }) => aspect !== "body" && (causes.get(shown(cause))?.count ?? 0) >= SETTLED && !varies.has(shown(cause)),
    counts: () => ({ ...counts }),
    report: () => ({
      ...counts, differences: byCount(causes), varies: byCount(varies), latency: { ...quantilesOf("old", times.old), ...quantilesOf("new", times.new) },
      skipped: (Object.keys(SKIPPED) as SkippedFor[]).flatMap((reason) => {
        const found = skipped.get(reason);
        return found ? [{ reason, ...found }] : [];
      }),
    }),
  };
}

function note(causes: Map<string, ReplayCause>, difference: ReplyDifference, example: ReplayExample): void {
  const own = shown(difference.cause);
  const cause = causes.has(own) || causes.size < MOST_CAUSES ? own : OTHER_CAUSES;
  const page = cause === own ? pageAbout(difference) : undefined;
  const known = causes.get(cause) ?? { cause, aspect: difference.aspect, count: 0, examples: [], ...(page === undefined ? {} : { page }) };
  causes.set(cause, known);
  known.count++;
  if (known.examples.length < MOST_EXAMPLES) known.examples.push(example);
}

function byCount(causes: ReadonlyMap<string, ReplayCause>): readonly ReplayCause[] {
  return [...causes.values()].sort((a, b) => b.count - a.count);
}

/** Bytes as the text that they most likely are. */
function shown(bytes: string): string {
  const isText = /[^\p{ASCII}\u0080-\u00ff]/u.test(bytes);
  const text = isText ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

interface Latencies {
  add(ms: number): void;
  /** Milliseconds; undefined: nothing was added. */
  quantile(share: number): number | undefined;
}

/** Buckets grow by 2 %, which is how exact a quantile is. */
const GROWTH = Math.log(1.02);

function latencies(): Latencies {
  const buckets = new Map<number, number>();
  let total = 0;
  return {
    add(ms) {
      const bucket = Math.ceil(Math.log(Math.max(ms, 0.01)) / GROWTH);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      total++;
    },
    quantile(share) {
      let seen = 0;
      for (const bucket of [...buckets.keys()].sort((a, b) => a - b)) {
        seen += buckets.get(bucket) ?? 0;
        if (seen >= share * total) return Number(Math.exp(bucket * GROWTH).toPrecision(2));
      }
      return undefined;
    },
  };
}

function quantilesOf(side: "old" | "new", { quantile }: Latencies): { readonly [side: string]: ReplayLatency } {
  const [p50, p99] = [quantile(0.5), quantile(0.99)];
  return p50 === undefined || p99 === undefined ? {} : { [side]: { p50, p99 } };
}
