/**
 * Findings in the log: each once when it appears, and once more when it is gone. Looked at when changes have been
 * quiet for a moment, so that a burst of changes costs one look.
 */
import { findingText, subjectText, type Finding } from "../model/findings.ts";
import type { Log } from "../support/log.ts";
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
    for (const [key, finding] of now) if (!known.has(key)) say(finding, log);
    for (const [key, finding] of known) if (!now.has(key)) log("info", mendedMessage(finding.sentence), fieldsOf(finding));
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

function say(finding: Finding, log: Log): void {
  const { severity, file, line } = finding;
  log(severity === "warning" ? "warn" : severity, findingText(finding), {
    ...fieldsOf(finding),
    ...(file ? { at: `${file}:${line ?? 1}` } : {}),
  });
}

function fieldsOf({ code, object, field }: Finding): Record<string, string> {
  return { finding: code, object: subjectText(object), field };
}
