/**
 * A baseline: the findings of a day, written to a file, which do not count from then on. So a check can be made a gate
 * before everything old is mended.
 *
 * A finding is known by its code, severity, object and field, without numbers of lines and places in lists: a path in
 * front of others changes nothing. Where there are more of a kind than the baseline has, all of it are told, because nobody
 * knows which one is new.
 */
import { subjectText } from "../model/findings/findings.ts";
import { UserError } from "../support/user-error.ts";
import { counted, type CheckResult, type PlacedFinding } from "./result.ts";

/** What is known, and how often. */
interface Known {
  readonly code: string;
  readonly severity: string;
  readonly object: string;
  readonly field: string;
  readonly count: number;
}

/** @param relative as for `checkSarif`. */
export function baselineText({ findings }: CheckResult, relative: (file: string) => string): string {
  const known = [...Map.groupBy(findings, (one) => keyOf(identityOf(one, relative)))].sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...more]]) => (first ? [{ ...identityOf(first, relative), count: 1 + more.length }] : []));
  // A line for each, so that a change of the file reads well.
  return `{"version": 1, "findings": [${known.map((one) => `\n  ${JSON.stringify(one)}`).join(",")}\n]}\n`;
}

/** @param text of the file. @param name of the file, for the UserError (exit code 2) about a text that is no baseline. */
export function withoutKnown(result: CheckResult, text: string, name: string, relative: (file: string) => string): CheckResult {
  const before = new Map(knownIn(text, name).map((one) => [keyOf(one), one.count]));
  const now = Map.groupBy(result.findings, (one) => keyOf(identityOf(one, relative)));
  const isKnown = (key: string): boolean => (now.get(key)?.length ?? 0) <= (before.get(key) ?? 0);
  const findings = result.findings.filter((one) => !isKnown(keyOf(identityOf(one, relative))));
  const gone = [...before].reduce((sum, [key, count]) => sum + Math.max(0, count - (now.get(key)?.length ?? 0)), 0);
  return { ...counted(result, findings), known: result.findings.length - findings.length, gone };
}

function identityOf({ code, severity, object, field }: PlacedFinding, relative: (file: string) => string): Omit<Known, "count"> {
  const named = object.kind === "File" ? { ...object, name: relative(object.name) } : object;
  return { code, severity, object: subjectText(named), field: field.replaceAll(/\[\d+\]/g, "[]") };
}

function keyOf({ code, severity, object, field }: Omit<Known, "count">): string {
  return [code, severity, object, field].join("\n");
}

function knownIn(text: string, name: string): readonly Known[] {
  const value = parsed(text) as { readonly version?: unknown; readonly findings?: unknown } | undefined;
  const isText = (one: unknown): boolean => typeof one === "string";
  const isKnown = (one: unknown): one is Known => {
    const { code, severity, object, field, count } = (typeof one === "object" && one !== null ? one : {}) as Readonly<Record<string, unknown>>;
    return [code, severity, object, field].every(isText) && Number.isInteger(count);
  };
  if (value?.version === 1 && Array.isArray(value.findings) && value.findings.every(isKnown)) return value.findings;
  throw new UserError(`"${name}" is no baseline: write it with --write-baseline.`, 2);
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
