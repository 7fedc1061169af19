/** What a replay has found, as text for people. */
import { printable } from "../support/text.ts";
import { SKIPPED } from "./logged-request.ts";
import type { ReplayCause, ReplayCounts, ReplayFindings, ReplayLatency } from "./tally-replies.ts";

/** Ends with a newline. */
export function replayText({ differences, varies, skipped, latency, ...counts }: ReplayFindings): string {
  const lines = [
    countsText(counts),
    ...differences.flatMap(causeLines),
    ...(varies.length > 0 ? ["", "Varies by itself: one of the two answers the same request now so, now otherwise"] : []),
    ...varies.flatMap(causeLines),
    ...(skipped.length > 0 ? ["", "Not sent:"] : []),
    ...skipped.flatMap(({ reason, count, first }) => [`  ${number(count)} ${count === 1 ? "line" : "lines"} ${count === 1 ? singular(SKIPPED[reason]) : SKIPPED[reason]}`, ...(first ? [`      the first is line ${first.number}: ${printable(first.line)}`] : [])]),
    ...(latency.old && latency.new ? ["", `Answers took: the old ${latencyText(latency.old)}; the new ${latencyText(latency.new)}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** One sentence or two, for the head of the report and for the way there. */
export function countsText({ lines, sent, alike, different, varying }: ReplayCounts): string {
  const differ = different === 0 ? "nothing differs" : `${number(different)} ${different === 1 ? "differs" : "differ"}`;
  return `Sent ${number(sent)} ${sent === 1 ? "request" : "requests"} of ${number(lines)} ${lines === 1 ? "line" : "lines"} to both: ${differ}, ${number(alike)} alike${varying > 0 ? `, ${varying === 1 ? "1 varies by itself" : `${number(varying)} vary by themselves`}` : ""}.`;
}

function causeLines({ aspect, cause, count, examples, page }: ReplayCause): readonly string[] {
  // The cause of these says both values already.
  const saysAll = aspect === "status" || aspect === "upstream";
  return [
    "", `${number(count).padStart(6)}  ${printable(cause)}`,
    ...examples.flatMap(({ method, url, old, new: now }) => [`          ${method} ${printable(url)}`, ...(saysAll ? [] : [`            old: ${printable(old)}`, `            new: ${printable(now)}`])]),
    ...(page === undefined ? [] : [`        see ${page}`]),
  ];
}

function latencyText({ p50, p99 }: ReplayLatency): string {
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

/** "are not of …" → "is not of …". */
function singular(words: string): string {
  return words.replace(/^(?:are|do|have|hold|ask)\b/, (word) => ({ are: "is", do: "does", have: "has", hold: "holds", ask: "asks" })[word] ?? word).replace("their", "its");
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}
