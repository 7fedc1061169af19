/**
 * Findings as Events: each once when it appears, on its object and on the one that it collides with; and a Normal one
 * when it is mended.
 *
 * What is gone within a second (a Service that is created right after its Ingress) is not told. Of Ingresses, only those
 * that are ours get Events. Information stays in the log.
 */
import { subjectText } from "../../model/findings.ts";
import type { Finding, Subject } from "../../model/findings.ts";
import type { AnyObject } from "../../source/objects.ts";
import { apiVersionOf, cut, mendedMessage, messageOf, reasonOf } from "./event.ts";
import type { EventDraft, Involved } from "./event.ts";

export interface FindingEventsOptions {
  readonly findings: () => readonly Finding[];
  /** The object as it is, if Events about it are ours to write. */
  readonly lookUp: (subject: Subject) => AnyObject | undefined;
  readonly tell: (draft: EventDraft) => void;
}

export interface FindingEvents {
  /** Something may have changed. */
  touch(): void;
  /** Tells from now on. What is wrong already may have been told by the leader before. */
  begin(): void;
  end(): void;
}

/** How long a finding must last to be told, in milliseconds. */
const LASTING_MS = 1000;

interface Known {
  readonly finding: Finding;
  readonly since: number;
  readonly fresh: boolean;
  told: boolean;
}

export function createFindingEvents({ findings, lookUp, tell }: FindingEventsOptions): FindingEvents {
  let known = new Map<string, Known>();
  let timer: NodeJS.Timeout | undefined;
  let telling = false;
  let first = true;

  const say = (finding: Finding, type: EventDraft["type"], reason: string, message: string, fresh: boolean): boolean => {
    const object = involvedOf(finding.object, lookUp);
    if (object) tell({ object, type, reason, message, fresh });
    return object !== undefined;
  };

  const sayOf = (one: Known): void => {
    const { finding, fresh } = one;
    one.told = say(finding, "Warning", reasonOf(finding), messageOf(finding), fresh);
    const { other } = finding;
    const object = other && involvedOf(other.object, lookUp);
    if (other && object) tell({ object, type: "Warning", reason: reasonOf(finding), message: cut(other.sentence), fresh });
  };

  const look = (): void => {
    timer = undefined;
    const now = performance.now();
    const before = known;
    known = new Map();
    let next = Infinity;
    for (const finding of findings()) {
      if (finding.severity === "info") continue;
      const key = identity(finding);
      const one = before.get(key) ?? { finding, since: now, fresh: !first, told: false };
      before.delete(key);
      known.set(key, one);
      const age = now - one.since;
      if (one.told) continue;
      if (age >= LASTING_MS) sayOf(one);
      else next = Math.min(next, LASTING_MS - age);
    }
    first = false;
    for (const { finding, told } of before.values()) {
      if (told) say(finding, "Normal", "Mended", mendedMessage(finding), true);
    }
    if (next < Infinity) timer = setTimeout(look, next);
  };

  return {
    touch() {
      if (telling) timer ??= setTimeout(look, LASTING_MS / 5);
    },
    begin() {
      telling = true;
      first = true;
      known = new Map();
      timer ??= setTimeout(look, 0);
    },
    end() {
      telling = false;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** Two findings that differ in their effect alone are one: the effect may depend on what others do. */
function identity({ code, object, field, sentence }: Finding): string {
  return JSON.stringify([code, subjectText(object), field, sentence]);
}

export function involvedOf(subject: Subject, lookUp: (subject: Subject) => AnyObject | undefined): Involved | undefined {
  const { kind, namespace, name } = subject;
  const uid = lookUp(subject)?.metadata.uid;
  return uid === undefined ? undefined : { apiVersion: apiVersionOf(kind), kind, namespace, name, uid };
}
