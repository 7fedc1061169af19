/**
 * Findings as Events: each once when it appears, on its object and on the one that it collides with; and a Normal one
 * when it is mended, on both.
 *
 * A finding that is gone within a second (a Service that is created right after its Ingress) is not told. Of Ingresses, Gateways
 * and routes, only those that are ours get Events. Findings of severity "info" stay in the log.
 */
import { subjectText } from "../../model/findings/findings.ts";
import type { Finding, Subject } from "../../model/findings/findings.ts";
import type { AnyObject } from "../../source/objects.ts";
import { apiVersionOf, cut, mendedMessage, messageOf, eventReason } from "./event.ts";
import type { EventDraft, Involved } from "./event.ts";

export interface FindingEventsOptions {
  /** The object as it is, if Events about it are ours to write. */
  readonly lookUp: (subject: Subject) => AnyObject | undefined;
  readonly tell: (draft: EventDraft) => void;
}

export interface FindingEvents {
  /** Takes everything that is wrong now. */
  take(all: readonly Finding[]): void;
  /** Tells from now on. Findings that are there already may have been told by the leader before. */
  begin(): void;
  end(): void;
}

/** Codes of findings about Ingresses that another controller may serve after all. */
const NOT_OURS = new Set(["ingress-class-unknown", "ingress-class-missing", "class-annotation-unusable"]);
/** How long a finding must last to be told, in milliseconds. */
const LASTING_MS = 1000;

interface Known {
  readonly finding: Finding;
  readonly since: number;
  readonly fresh: boolean;
  told: boolean;
}

export function createFindingEvents({ lookUp, tell }: FindingEventsOptions): FindingEvents {
  let known = new Map<string, Known>();
  let timer: NodeJS.Timeout | undefined;
  let telling = false;
  /** What was wrong at the last look; undefined before the first. */
  let last: readonly Finding[] | undefined;

  const say = (subject: Subject, what: Omit<EventDraft, "object">): void => {
    const object = involvedOf(subject, lookUp);
    if (object) tell({ object, ...what });
  };

  const sayWrong = (one: Known): void => {
    const { finding, fresh } = one;
    const { object, other } = finding;
    const what = { type: "Warning", reason: eventReason(finding), fresh } as const;
    one.told = true;
    say(object, { ...what, message: messageOf(finding) });
    if (other) say(other.object, { ...what, message: cut(other.sentence) });
  };

  /** Tells of a mended finding on the same objects on which it was told. */
  const sayMended = ({ object, sentence, other }: Finding): void => {
    const what = { type: "Normal", reason: "Mended", fresh: true } as const;
    say(object, { ...what, message: mendedMessage(sentence) });
    if (other) say(other.object, { ...what, message: mendedMessage(other.sentence) });
  };

  /** Tells the findings that have lasted long enough, and comes back for the others. */
  const settle = (): void => {
    clearTimeout(timer);
    const now = performance.now();
    let next = Infinity;
    for (const one of known.values()) {
      const left = one.since + LASTING_MS - now;
      if (one.told) continue;
      if (left <= 0) sayWrong(one);
      else next = Math.min(next, left);
    }
    timer = next < Infinity ? setTimeout(settle, next) : undefined;
  };

  const compare = (all: readonly Finding[], fresh: boolean): void => {
    const before = known;
    known = new Map();
    for (const finding of all) {
      if (finding.severity === "info" || NOT_OURS.has(finding.code)) continue;
      const key = identity(finding);
      known.set(key, before.get(key) ?? { finding, since: performance.now(), fresh, told: false });
      before.delete(key);
    }
    for (const { finding, told } of before.values()) {
      if (told) sayMended(finding);
    }
    settle();
  };

  return {
    take(all) {
      const first = last === undefined;
      last = all;
      if (telling) compare(all, !first);
    },
    begin() {
      telling = true;
      known = new Map();
      if (last) compare(last, false);
    },
    end() {
      telling = false;
      clearTimeout(timer);
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
