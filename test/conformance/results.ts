/** What the suite printed, as a result of each test; and what is different from what was expected. Pure. */
import type { SuiteTest } from "./catalogue.ts";

export type Outcome = "passes" | "fails" | "skipped";

export interface Expectation {
  readonly is: Outcome;
  /** Why it does not pass. */
  readonly why?: string;
}

export interface TestResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** The first things that a test that failed complained about. */
  readonly complaints: readonly string[];
}

const WORDS: Readonly<Record<string, Outcome>> = { PASS: "passes", FAIL: "fails", SKIP: "skipped" };
const MOST_COMPLAINTS = 3;

/** Go's tests mark the beginning of their own lines with it in the mode `-test.v=test2json`, in which each result comes at once. */
const MARK = "\x16";

/** Reads what it printed in that mode: tests of the suite are the first level below its one test. What is not finished is not there. */
export function readResults(text: string): readonly TestResult[] {
  const complaints = new Map<string, string[]>();
  const results: TestResult[] = [];
  let current = "";
  for (const marked of text.split("\n")) {
    const line = marked.replace(MARK, "");
    const [, at] = /^=== (?:RUN|NAME|CONT|PAUSE)\s+TestConformance\/([^/\s]+)/.exec(line) ?? [];
    if (at !== undefined) current = at;
    const [, complaint] = /^\s+(?:Error|Messages):\s+(\S.*)$/.exec(line) ?? [];
    if (complaint !== undefined) {
      const all = complaints.get(current) ?? [];
      complaints.set(current, all);
      if (all.length < MOST_COMPLAINTS && !all.includes(complaint)) all.push(complaint);
    }
    const [, word = "", name = "", seconds] = /^\s*--- (PASS|FAIL|SKIP): TestConformance\/([^/\s]+) \(([\d.]+)s\)$/.exec(line) ?? [];
    const outcome = WORDS[word];
    if (outcome) results.push({ name, outcome, seconds: Number(seconds), complaints: outcome === "fails" ? complaints.get(name) ?? [] : [] });
  }
  return results;
}

/** The test of the suite that it runs now; undefined: it prepares the cluster. */
export function currentTest(text: string): string | undefined {
  return [...text.replaceAll(MARK, "").matchAll(/^=== (?:RUN|NAME|CONT)\s+TestConformance\/([^/\s]+)/gm)].at(-1)?.[1];
}

/** What the suite complained about before its first test; undefined: nothing. */
export function setUpComplaint(text: string): string | undefined {
  const [before = ""] = text.replaceAll(MARK, "").split(/^=== RUN\s+TestConformance\//m, 1);
  return /^\s+Error:\s+(\S.*)$/m.exec(before)?.[1] ?? /^panic: .*$/m.exec(before)?.[0];
}

export interface Verdict {
  readonly name: string;
  readonly expected: Expectation | undefined;
  /** Undefined: the suite said nothing about it. */
  readonly result: TestResult | undefined;
  readonly asExpected: boolean;
}

/** One for each test. A test that the list does not name is not as expected, whatever it did. */
export function judge(tests: readonly SuiteTest[], results: readonly TestResult[], expected: Readonly<Record<string, Expectation>>): readonly Verdict[] {
  const by = new Map(results.map((result) => [result.name, result]));
  return tests.map(({ name }) => {
    const [result, expectation] = [by.get(name), expected[name]];
    return { name, expected: expectation, result, asExpected: result !== undefined && result.outcome === expectation?.is };
  });
}

/** A regression, an unexpected pass, or what else is wrong, in a few words. */
export function remarkOn({ expected, result, asExpected }: Verdict): string {
  const complaints = (result?.complaints ?? []).join(" / ");
  if (asExpected) return expected?.why ?? "";
  if (!result) return "NOT RUN";
  if (!expected) return "NOT IN expected.ts";
  if (result.outcome === "passes") return "UNEXPECTED PASS: take it from expected.ts's exceptions";
  return `${expected.is === "passes" ? "REGRESSION" : "NOT AS EXPECTED"}${complaints === "" ? "" : `: ${complaints}`}`;
}
