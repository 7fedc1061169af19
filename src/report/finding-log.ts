/**
 * Findings in the log: each once when it appears, and once more when it is gone; those of one object one after the other.
 * Looked at when changes have been quiet for a moment, so that a burst of changes costs one look.
 */
import { isAbsolute, relative } from "node:path";
import { findingText, subjectText, type Finding } from "../model/findings.ts";
import type { Heading, Log } from "../support/log.ts";
import { mendedMessage } from "./events/event.ts";

const QUIET_MS = 200;

export interface FindingLog {
  /** Something may have changed. */
  touch(): void;
  stop(): void;
}

/** @param seen gets the list of each look, for others who compare. */
export function createFindingLog(findings: () => readonly Finding[], log: Log, seen: (all: readonly Finding[]) => void = () => {}): FindingLog {
  let known = new Map<string, Finding>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    const all = findings();
    seen(all);
    const now = new Map(all.map((finding) => [identity(finding), finding]));
    for (const finding of byObject([...now].filter(([key]) => !known.has(key)))) say(finding, log);
    for (const finding of byObject([...known].filter(([key]) => !now.has(key)))) {
      log("info", mendedMessage(finding.sentence), fieldsOf(finding), headingOf(finding));
    }
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

function identity({ code, object, field, sentence }: Finding): string {
  return JSON.stringify([code, object.kind, object.namespace, object.name, field, sentence]);
}

/** In the order in which their objects first come. */
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

/** Files as people who stand here would name them. */
function headingOf({ code, object, field, file, line }: Finding): Heading {
  const subject = object.kind === "File" ? { ...object, name: fromHere(object.name) } : object;
  return { subject: subjectText(subject), details: [code, field, file ? `${fromHere(file)}:${line ?? 1}` : ""] };
}

function fromHere(file: string): string {
  const path = relative(process.cwd(), file);
  return isAbsolute(file) && path !== "" && !path.startsWith("..") ? path : file;
}
