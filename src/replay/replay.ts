/**
 * The way of a log's requests to two targets and of their answers to the tally.
 *
 * Guarantee: memory does not grow with the log: a bounded number of requests is on its way, and what was asked already is
 * remembered by a digest, of a million requests at most.
 */
import type { Readable } from "node:stream";
import { digestOf } from "../support/digest.ts";
import { compareReplies, selfVarying, type ComparisonRules, type Reply, type ReplyDifference } from "./compare-answers.ts";
import { logLines } from "./log-lines.ts";
import { loggedRequest, type LineRules, type ReplayRequest, type SkippedFor } from "./logged-request.ts";
import type { SendPace } from "./pace.ts";
import type { ReplayTally } from "./tally-replies.ts";
import { LostTarget, type ReplayTarget } from "./target.ts";

interface ReplayOptions {
  /** The log's bytes. */
  readonly log: Readable;
  readonly rules: LineRules;
  readonly comparison: Omit<ComparisonRules, "host">;
  readonly old: ReplayTarget;
  readonly new: ReplayTarget;
  readonly pace: SendPace;
  /** Sends what is asked for again as well. */
  readonly allLines: boolean;
  /** Requests; 0: all. */
  readonly limit: number;
  readonly tally: ReplayTally;
}

/** Requests on their way at a time. */
const MOST_AT_ONCE = 64;
/** Different requests that are told from ones asked already. */
const MOST_KNOWN = 1_000_000;
/** How often a request that differs is sent again: of two endpoints in turn, once would take one in four for a difference. */
const AGAIN = 3;

/** Resolves when all is compared, or when the signal aborts. @returns why it ended before its time, if a target was lost. */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<string | undefined> {
  const lost = new AbortController();
  const ending = AbortSignal.any([signal, lost.signal]);
  // A log that nobody goes on writing (a pipe) keeps no end waiting.
  ending.addEventListener("abort", () => options.log.destroy(), { once: true });
  const underway = new Set<Promise<void>>();
  let why: string | undefined;
  for await (const request of requestsOf(options, ending)) {
    if (underway.size >= MOST_AT_ONCE) await Promise.race(underway);
    await options.pace(ending);
    if (ending.aborted) break;
    const one = compareOnce(options, request, ending).catch((error: unknown) => {
      if (!(error instanceof LostTarget)) throw error;
      why ??= error.message;
      lost.abort();
    }).finally(() => underway.delete(one));
    underway.add(one);
  }
  await Promise.all(underway);
  return why;
}

/** The requests to send. */
async function* requestsOf({ log, rules, allLines, limit, tally }: ReplayOptions, ending: AbortSignal): AsyncGenerator<ReplayRequest> {
  const known = new Set<string>();
  let given = 0;
  try {
    for await (const line of logLines(log)) {
      tally.read();
      const request = line === undefined ? "long" : loggedRequest(line, rules);
      const skipped = typeof request === "string" ? request : allLines ? undefined : whyNotNew(request, known);
      if (skipped !== undefined) tally.skip(skipped, line);
      else if (typeof request !== "string") {
        yield request;
        if (++given === limit) return;
      }
    }
  } catch (error) {
    if (!ending.aborted) throw error;
  }
}

/** Why a request is not sent that was asked already, or may have been; undefined: it is new. */
function whyNotNew({ method, https, host, target }: ReplayRequest, known: Set<string>): SkippedFor | undefined {
  const digest = digestOf(JSON.stringify([method, https, host, target]));
  if (known.has(digest)) return "repeated";
  if (known.size >= MOST_KNOWN) return "many";
  known.add(digest);
  return undefined;
}

type Pair = readonly [old: Reply, now: Reply];

async function compareOnce(options: ReplayOptions, request: ReplayRequest, signal: AbortSignal): Promise<void> {
  const { tally, comparison, pace } = options;
  const rules = { ...comparison, host: request.host };
  const [before, after] = [options.old, options.new];
  const both = (): Promise<Pair> => Promise.all([before.ask(request, signal), after.ask(request, signal)]);
  const [old, now] = await both();
  if (signal.aborted) return;
  const differences = compareReplies({ reply: old, ports: before.ports }, { reply: now, ports: after.ports }, rules);
  let varying: ReadonlySet<ReplyDifference> = new Set();
  const own: ReplyDifference[] = [];
  for (let tries = 0; tries < AGAIN && differences.some((one) => !varying.has(one) && !tally.isSettled(one)); tries++) {
    await pace(signal);
    const [oldAgain, newAgain] = await both();
    if (signal.aborted) return;
    for (const [target, first, second] of [[before, old, oldAgain], [after, now, newAgain]] as const) {
      own.push(...compareReplies({ reply: first, ports: target.ports }, { reply: second, ports: target.ports }, rules));
    }
    varying = selfVarying(differences, own);
  }
  if (!("failure" in old)) tally.took("old", old.took);
  if (!("failure" in now)) tally.took("new", now.took);
  tally.compared({ method: request.method, url: after.urlOf(request) }, differences, varying);
}
