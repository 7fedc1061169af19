/**
 * Findings in the log: each once when it appears, and once more when it is gone; those of one object one after the other.
 * Findings are compared a moment after a change, so that a burst of changes costs one comparison (a look).
 *
 * Guarantee: a look logs a bounded number of findings for each code, whatever people wrote in their objects: the first few
 * of one object, the first ones of a code, and one line that says how many more there are.
 */
import { isAbsolute, relative } from "node:path";
import { findingText, subjectText, type Finding } from "../model/findings/findings.ts";
import type { Heading, Log } from "../support/log.ts";
import { mendedMessage } from "./events/event.ts";

const QUIET_MS = 200;

export interface FindingLog {
  /** Something may have changed. */
  touch(): void;
  stop(): void;
}

/** @param seen called with all findings at each look. */
export function createFindingLog(findings: () => readonly Finding[], log: Log, seen: (all: readonly Finding[]) => void = () => {}): FindingLog {
  let known = new Map<string, Finding>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    const all = findings();
    seen(all);
    const now = new Map(all.map((finding) => [identity(finding), finding]));
    const appeared = byObject([...now].filter(([key]) => !known.has(key)));
    const gone = byObject([...known].filter(([key]) => !now.has(key)));
    inBounds(appeared, (finding) => say(finding, log), (code, count) => log("warn", `There are ${count} more new findings of this kind`, { finding: code, all: ALL }));
    inBounds(gone, (finding) => log("info", mendedMessage(finding.sentence), fieldsOf(finding), headingOf(finding)), (code, count) => log("info", `No longer the case either: ${count} more findings of this kind`, { finding: code }));
    known = now;
  };
  return {
    touch() {
      timer ??= setTimeout(look, QUIET_MS);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

const ALL = "GET /api/v1/findings";
/** Most lines of one look. */
const MOST_OF_AN_OBJECT = 5;
const MOST_OF_A_CODE = 50;

/** `more` is called for each code of which not all were told. */
function inBounds(findings: readonly Finding[], tell: (finding: Finding) => void, more: (code: string, count: number) => void): void {
  const ofObjects = new Map<string, number>();
  const ofCodes = new Map<string, number>();
  const untold = new Map<string, number>();
  const count = (counts: Map<string, number>, key: string): number => {
    const now = (counts.get(key) ?? 0) + 1;
    counts.set(key, now);
    return now;
  };
  for (const finding of findings) {
    const { code, object } = finding;
    if (count(ofObjects, `${code} ${subjectText(object)}`) <= MOST_OF_AN_OBJECT && count(ofCodes, code) <= MOST_OF_A_CODE) tell(finding);
    else count(untold, code);
  }
  for (const [code, number] of untold) more(code, number);
}

function identity({ code, object, field, sentence }: Finding): string {
  return JSON.stringify([code, object.kind, object.namespace, object.name, field, sentence]);
}

/** Grouped by object, in the order in which the objects first appear. */
function byObject(findings: readonly (readonly [string, Finding])[]): readonly Finding[] {
  return [...Map.groupBy(findings.map(([, finding]) => finding), ({ object }) => subjectText(object)).values()].flat();
}

function say(finding: Finding, log: Log): void {
  const { severity, file, line } = finding;
  const at = file ? { at: `${file}:${line ?? 1}` } : {};
  log(severity === "warning" ? "warn" : severity, findingText(finding), { ...fieldsOf(finding), ...at }, headingOf(finding));
}

function fieldsOf({ code, object, field }: Finding): Record<string, string> {
  return { finding: code, object: subjectText(object), field };
}

/** The heading, with files relative to the current folder where they are below it. */
function headingOf({ code, object, field, file, line }: Finding): Heading {
  const subject = object.kind === "File" ? { ...object, name: fromHere(object.name) } : object;
  return { subject: subjectText(subject), details: [code, field, file ? `${fromHere(file)}:${line ?? 1}` : ""] };
}

function fromHere(file: string): string {
  const path = relative(process.cwd(), file);
  return isAbsolute(file) && path !== "" && !path.startsWith("..") ? path : file;
}
