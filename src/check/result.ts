/** What a check has found, each finding with its place: the shape that all forms of output are made from. */
import type { Finding, Severity, Subject } from "../model/findings/findings.ts";

export interface CheckResult {
  /** By file and line; those without a file (of a cluster) by object. */
  readonly findings: readonly PlacedFinding[];
  readonly counts: Readonly<Record<Severity, number>>;
  /** Objects that were read. */
  readonly objects: number;
  /** Objects of kinds that Sluice does not read. */
  readonly skipped: number;
  /** Findings that are left out by --ignore; absent: nothing is ignored. */
  readonly ignored?: number;
  /** Findings that are left out because the baseline has them, and those that only the baseline has; absent: there is none. */
  readonly known?: number;
  readonly gone?: number;
}

export interface PlacedFinding {
  readonly severity: Severity;
  readonly code: string;
  readonly object: Subject;
  readonly field: string;
  readonly sentence: string;
  readonly hint?: string;
  readonly effect: string;
  /** Absent: the object comes from a cluster. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
}

/** @param before is called before each place is looked for. */
export function checkResult(findings: readonly Finding[], { objects, skipped }: Pick<CheckResult, "objects" | "skipped">, before: () => void): CheckResult {
  const placed = withoutTwins(findings.map((finding) => {
    before();
    return placedFinding(finding);
  }));
  return counted({ objects, skipped }, placed.sort(byPlace));
}

/** The result with these findings in place of its own. */
export function counted(result: Omit<CheckResult, "findings" | "counts">, findings: readonly PlacedFinding[]): CheckResult {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return { ...result, findings, counts };
}

/** Effects that one finding tells of at most. */
const EFFECTS = 3;

/** What one line does to several hosts or paths is one finding, with all that it does. */
function withoutTwins(findings: readonly PlacedFinding[]): PlacedFinding[] {
  const groups = Map.groupBy(findings, ({ file, line, column, severity, code, object, field, sentence, hint }) => JSON.stringify([file, line, column, severity, code, object, field, sentence, hint]));
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first || others.length === 0) return first ? [first] : [];
    const effects = [...new Set([first, ...others].map(({ effect }) => effect))];
    const more = effects.length > EFFECTS ? [`and ${effects.length - EFFECTS} more of that kind`] : [];
    return [{ ...first, effect: [...effects.slice(0, EFFECTS), ...more].join("; ") }];
  });
}

function placedFinding({ severity, code, object, field, sentence, hint, effect, file, line, column }: Finding): PlacedFinding {
  const place = file === undefined ? {} : { file, line: line ?? 1, column: column ?? 1 };
  return { severity, code, object, field, sentence, ...(hint === undefined ? {} : { hint }), effect, ...place };
}

function byPlace(a: PlacedFinding, b: PlacedFinding): number {
  return compare(a.file ?? "", b.file ?? "") || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || compare(nameOf(a), nameOf(b));
}

function nameOf({ object: { kind, namespace, name }, field, code }: PlacedFinding): string {
  return `${kind} ${namespace}/${name} ${field} ${code}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const RANK: Readonly<Record<Severity, number>> = { error: 3, warning: 2, info: 1 };

/** Whether something was found that is at least as severe. */
export function fails({ counts }: CheckResult, least: Severity | "never"): boolean {
  if (least === "never") return false;
  return (Object.keys(counts) as Severity[]).some((severity) => RANK[severity] >= RANK[least] && counts[severity] > 0);
}

/** The finding's sentences, without its place. */
export function messageText({ sentence, hint, effect }: PlacedFinding): string {
  return [sentence, hint, `Effect: ${effect}`].flatMap((text) => (text === undefined ? [] : [/[.?!]$/.test(text) ? text : `${text}.`])).join(" ");
}
