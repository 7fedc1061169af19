/** What differs between two answers to one request. */
import type { ReplayAnswer, ReplayFailure } from "./target.ts";

export type Reply = ReplayAnswer | ReplayFailure;

export interface ReplyDifference {
  /** What was looked at; a header's is `header`, with its name. */
  readonly aspect: "status" | "redirect" | "header" | "upstream" | "body";
  readonly name: string;
  /** What requests with this difference have in common, for people. */
  readonly cause: string;
  readonly old: string;
  readonly new: string;
}

interface ComparedReply {
  readonly reply: Reply;
  /** Ports of the target, which it may name in redirects to the host that was asked. */
  readonly ports: ReadonlySet<string>;
}

export interface ComparisonRules {
  /** Response headers that may differ, in lower case. */
  readonly ignored: ReadonlySet<string>;
  /** The header in which backends tell their name, in lower case; empty: none does. */
  readonly upstreamHeader: string;
  /** The host that was asked. */
  readonly host: string;
}

/** Headers that tell of the moment, the connection or the program, and of lengths, which are compared with the body. */
export const MAY_DIFFER: readonly string[] = ["date", "server", "connection", "keep-alive", "x-request-id", "content-length", "transfer-encoding"];

const ABSENT = "absent";

/** In the order of weight. Answers with two statuses are not compared any further: what else they have follows from that. */
export function compareReplies(before: ComparedReply, after: ComparedReply, rules: ComparisonRules): readonly ReplyDifference[] {
  const [old, now] = [before.reply, after.reply];
  const [oldStatus, newStatus] = [statusText(old), statusText(now)];
  if (oldStatus !== newStatus) return [{ aspect: "status", name: "", cause: `status ${oldStatus} → ${newStatus}`, old: oldStatus, new: newStatus }];
  if ("failure" in old || "failure" in now) return [];
  return [...redirects(before.ports, old, after.ports, now, rules), ...upstreams(old, now, rules), ...headers(old, now, rules), ...bodies(old, now)];
}

function statusText(reply: Reply): string {
  return "failure" in reply ? `no answer (${reply.failure})` : String(reply.status);
}

function redirects(oldPorts: ReadonlySet<string>, old: ReplayAnswer, newPorts: ReadonlySet<string>, now: ReplayAnswer, { host }: ComparisonRules): readonly ReplyDifference[] {
  const [from, to] = [locationOf(old, oldPorts, host), locationOf(now, newPorts, host)];
  return from === to ? [] : [{ aspect: "redirect", name: "", cause: "redirect target", old: from, new: to }];
}

/** A redirect to the host that was asked, on a port of the target, is one to that host without a port. */
function locationOf({ headers: all }: ReplayAnswer, ports: ReadonlySet<string>, host: string): string {
  const text = all.get("location")?.join(", ") ?? ABSENT;
  const [, scheme = "", named = "", port = "", rest = ""] = /^(https?:\/\/)([^/?#:]*|\[[^\]]*\]):(\d+)((?:[/?#].*)?)$/is.exec(text) ?? [];
  return named.toLowerCase() === host && ports.has(port) ? `${scheme}${named}${rest}` : text;
}

function upstreams(old: ReplayAnswer, now: ReplayAnswer, { upstreamHeader: name }: ComparisonRules): readonly ReplyDifference[] {
  if (name === "") return [];
  const [from, to] = [textAt(old, name), textAt(now, name)];
  return from === to ? [] : [{ aspect: "upstream", name: "", cause: `backend ${from} → ${to}`, old: from, new: to }];
}

function textAt({ headers: all }: ReplayAnswer, name: string): string {
  const values = all.get(name);
  if (!values) return ABSENT;
  return name === "set-cookie" ? values.map(cookieShape).sort().join(", ") : values.join(", ");
}

/** Name and attributes of a cookie, without what changes from one answer to the next: its value and when it expires. */
function cookieShape(cookie: string): string {
  const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
  const lasting = attributes.filter((one) => !/^expires=/i.test(one)).map((one) => one.replace(/^[^=]*/, (name) => name.toLowerCase()));
  return [`${pair.split("=")[0]}=…`, ...lasting.sort()].join("; ");
}

function headers(old: ReplayAnswer, now: ReplayAnswer, { ignored, upstreamHeader }: ComparisonRules): readonly ReplyDifference[] {
  const names = [...new Set([...old.headers.keys(), ...now.headers.keys()])].sort();
  return names.flatMap((name) => {
    if (ignored.has(name) || name === upstreamHeader || name === "location") return [];
    const [from, to] = [textAt(old, name), textAt(now, name)];
    if (from === to) return [];
    const how = !old.headers.has(name) ? "only in the new" : !now.headers.has(name) ? "only in the old" : "another value";
    return [{ aspect: "header", name, cause: `${headerName(name)}: ${how}`, old: from, new: to }];
  });
}

/** As it is usually written. */
function headerName(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

function bodies({ body: old }: ReplayAnswer, { body: now }: ReplayAnswer): readonly ReplyDifference[] {
  if (!old || !now) return [];
  // What neither of the two ended has no length to compare.
  const isOpen = old.end === now.end && (old.end === "late" || old.end === "long");
  if (isOpen || (old.end === now.end && old.length === now.length && old.digest === now.digest)) return [];
  return [{ aspect: "body", name: "", cause: "body", old: bodyText(old), new: bodyText(now) }];
}

function bodyText({ end, length, digest }: NonNullable<ReplayAnswer["body"]>): string {
  const ends = { whole: "", late: ", not ended in time", broken: ", broken off", long: " and more" }[end];
  return `${length} bytes${ends}${end === "whole" ? ` (sha256 ${digest.slice(0, 12)})` : ""}`;
}

/** Those of the differences that one of the two targets also shows between its own answers. */
export function selfVarying(differences: readonly ReplyDifference[], own: readonly ReplyDifference[]): ReadonlySet<ReplyDifference> {
  const varying = new Set(own.map(({ aspect, name }) => `${aspect} ${name}`));
  // An answer with another status has other headers and another body, too.
  const all = own.some(({ aspect }) => aspect === "status");
  return new Set(differences.filter(({ aspect, name }) => all || varying.has(`${aspect} ${name}`)));
}
