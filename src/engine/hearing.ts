/**
 * Checks what a subscriber says, before anybody believes it.
 *
 * Workers face the network; a worker that was taken over must not be able to end the controller, or to speak for the
 * agent. So the shape of every message is checked, and each role may send its own few messages only.
 */
import { ARMS_PER_MESSAGE, LAST_BUCKET, type ArmCells, type ArmsRow } from "../../edge/src/arms.ts";
import { JOURNAL_ROWS_PER_MESSAGE, type JournalRow } from "../../edge/src/journal.ts";
import { LONGEST_TEXT } from "../../edge/src/request-row.ts";
import { ENDPOINTS_TOLD } from "../../edge/src/question.ts";
import { REASONS } from "../../edge/src/reasons.ts";
import { SPANS_PER_MESSAGE, type SpanRow } from "../../edge/src/trace.ts";
import { CONNECTION_COUNTS } from "./protocol.ts";
import type { AgentHello, Answers, ConnectionCounts, CounterRow, EngineStatus, FromSubscriber, WorkerHello, Listen } from "./protocol.ts";

export type Role = "worker" | "agent" | undefined;

const MOST_SLOTS = 1024;
/** The last moment that a date can say, in milliseconds of Unix time (ECMA-262, 21.4.1.1). */
const LATEST_TIME = 8.64e15;
/** Characters of a label; a path may be longer, and only its beginning is a label then. */
const LONGEST_LABEL = 2048;
/** Numbers of a tally: seven histograms with 50 buckets each, with room. */
const MOST_CELLS = 512;

/** The message in a line from a subscriber with this role (none before its hello); undefined for anything else. */
export function heard(line: string, role: Role): FromSubscriber | undefined {
  const message = fieldsOf(parse(line));
  switch (message?.["op"]) {
    case "hello":
      return role === undefined ? hello(message) : undefined;
    case "ack":
      return role !== undefined && isCount(message["generation"]) ? { op: "ack", generation: message["generation"] } : undefined;
    case "beat":
      return role === "worker" && isAmount(message["cpu"]) ? { op: "beat", cpu: message["cpu"] } : undefined;
    case "ended":
      return role === "agent" && isCount(message["pid"]) ? { op: "ended", pid: message["pid"], ended: message["ended"] === true } : undefined;
    case "exiting":
      return role === "worker" ? { op: "exiting" } : undefined;
    case "done":
      return role === "worker" ? { op: "done" } : undefined;
    case "counters":
      // A worker's last words come over a connection of their own.
      return role !== "agent" ? counters(message["rows"], message["answers"]) : undefined;
    case "arms":
      return role === "worker" ? arms(message["rows"]) : undefined;
    case "connections":
      return role === "worker" ? connections(message) : undefined;
    case "processes":
      return role === "agent" ? processes(message) : undefined;
    case "spans":
      return role === "worker" ? spans(message["rows"], message["dropped"]) : undefined;
    case "requests":
      return role === "worker" ? requests(message["rows"], message["dropped"]) : undefined;
    case "replied":
      return role === "worker" ? replied(message["reply"]) : undefined;
    case "tried":
      return role === "agent" ? { op: "tried", id: textOrEmpty(message["id"]), problem: textOrEmpty(message["problem"]) } : undefined;
    case "engine":
      return role === "agent" ? engineEvent(message) : undefined;
    case "leaving":
      return role === "agent" ? leaving(message) : undefined;
    case "reloading":
      return role === "agent" ? reloading(message) : undefined;
    case "retired":
      return role === "worker" ? retired(message) : undefined;
    case "refused":
      return role === "agent" ? refused(message) : undefined;
    case "anew":
      return role === "agent" ? { op: "anew" } : undefined;
    case "snapshot":
      return role === "agent" ? { op: "snapshot", problem: textOrEmpty(message["problem"]), endpoints: textOrEmpty(message["endpoints"]) } : undefined;
    default:
      return undefined;
  }
}

type WordFields = Record<string, unknown>;

function refused({ config, problem, ports, instance }: WordFields): FromSubscriber {
  const codes = Object.entries(fieldsOf(ports) ?? {}).map(([id, code]) => [id, textOrEmpty(code)] as const);
  return {
    op: "refused",
    config: textOrEmpty(config),
    problem: textOrEmpty(problem),
    ...(codes.length > 0 ? { ports: Object.fromEntries(codes) } : {}),
    ...(instance === "stream" ? { instance } : {}),
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): WordFields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as WordFields) : undefined;
}

function textOrEmpty(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The beginning of a text that is too long, as a copy: a part of a text would keep the whole in memory. */
function cut(text: string, longest = LONGEST_LABEL): string {
  return text.length <= longest ? text : Buffer.from(text.slice(0, longest)).toString();
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

/** An agent proves itself by its token (see channel.ts), so the rest of its hello is believed. */
function hello(message: WordFields): WorkerHello | AgentHello | undefined {
  if (message["role"] === "agent") {
    const complete = fieldsOf(message["facts"]) && fieldsOf(message["status"] as EngineStatus) && fieldsOf(message["stream"]);
    return complete && typeof message["token"] === "string" ? (message as unknown as AgentHello) : undefined;
  }
  const { slot, pid, master, config, generation, digest, cpu } = message;
  if (message["role"] !== "worker" || !isCount(slot) || slot >= MOST_SLOTS || !isCount(pid) || !isCount(master)) return undefined;
  if (!isCount(generation)) return undefined;
  return { op: "hello", role: "worker", slot, pid, master, config: textOrEmpty(config), generation, digest: textOrEmpty(digest), ...(isAmount(cpu) ? { cpu } : {}) };
}

function counters(rows: unknown, answers: unknown): FromSubscriber | undefined {
  // An empty Lua table is an empty object in JSON.
  const list = Array.isArray(rows) ? (rows as readonly unknown[]) : fieldsOf(rows) ? [] : undefined;
  if (!list) return undefined;
  const checked = list.map(counterRow);
  return checked.every((row) => row !== undefined) ? { op: "counters", rows: checked, answers: answersOf(answers) } : undefined;
}

function answersOf(value: unknown): Answers {
  const said = fieldsOf(value) ?? {};
  return Object.fromEntries(REASONS.flatMap((reason) => (isCount(said[reason]) ? [[reason, said[reason]]] : [])));
}

function leaving({ generations, workers, since, ended, instance }: WordFields): FromSubscriber | undefined {
  if (!isCount(generations) || !isCount(workers) || !isCount(since) || !isCount(ended)) return undefined;
  return { op: "leaving", generations, workers, since, ended, ...(instance === "stream" ? { instance } : {}) };
}

const MEASURES = ["processes", "cpuSeconds", "readBytes", "writtenBytes", "residentBytes", "virtualBytes", "oldestStart"] as const;

function processes(message: WordFields): FromSubscriber | undefined {
  const measures = Object.fromEntries(MEASURES.map((name) => [name, message[name]])) as Record<(typeof MEASURES)[number], number>;
  return Object.values(measures).every(isAmount) ? { op: "processes", ...measures } : undefined;
}

const EVENTS = ["started", "reloaded", "restarted"] as const;

function engineEvent({ status, event: said, instance }: WordFields): FromSubscriber | undefined {
  const { master, config, profiles, listens = [] } = fieldsOf(status) ?? {};
  const event = EVENTS.find((one) => one === said);
  const known = fieldsOf(profiles);
  if (!isCount(master) || typeof config !== "string" || !known || !event || !Object.values(known).every(fieldsOf)) return undefined;
  if (!Array.isArray(listens) || !listens.every(isListen)) return undefined;
  return { op: "engine", status: { master, config, profiles: known as EngineStatus["profiles"], ...(listens.length > 0 ? { listens } : {}) }, event, ...(instance === "stream" ? { instance } : {}) };
}

function isListen(value: unknown): value is Listen {
  const { id, protocol, host, port } = fieldsOf(value) ?? {};
  return typeof id === "string" && typeof host === "string" && isCount(port) && (protocol === "tcp" || protocol === "udp");
}

function reloading({ seconds, farewell }: WordFields): FromSubscriber | undefined {
  if (!isCount(seconds) || (farewell !== undefined && !isCount(farewell))) return undefined;
  return { op: "reloading", seconds, ...(farewell === undefined ? {} : { farewell }) };
}

function retired({ farewell, connections: open }: WordFields): FromSubscriber | undefined {
  return isCount(farewell) && isCount(open) ? { op: "retired", farewell, connections: open } : undefined;
}

function connections(message: WordFields): FromSubscriber | undefined {
  const counts = Object.fromEntries(CONNECTION_COUNTS.map((name) => [name, message[name]])) as ConnectionCounts;
  return Object.values(counts).every(isCount) ? { op: "connections", ...counts } : undefined;
}

function counterRow(value: unknown): CounterRow | undefined {
  const row = fieldsOf(value) ?? {};
  const { namespace, ingress, service, path, canary, status, requests, host, method } = row;
  const labels = [namespace, ingress, service, path, canary];
  if (!labels.every((label) => typeof label === "string")) return undefined;
  if (!isCount(status) || status > 999 || !isCount(requests)) return undefined;
  const label = (value: unknown): string => cut(textOrEmpty(value));
  return {
    namespace: label(namespace),
    ingress: label(ingress),
    service: label(service),
    path: label(path),
    canary: label(canary),
    status,
    requests,
    ...(host === undefined ? {} : { host: label(host) }),
    ...(method === undefined ? {} : { method: label(method), cells: cells(row["cells"]) }),
  };
}

const RELEASE = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/;

function arms(rows: unknown): FromSubscriber | undefined {
  const checked = checkedRows(rows, ARMS_PER_MESSAGE, armsRow);
  return checked && { op: "arms", rows: checked };
}

/** What arms did, from a worker or another replica; undefined: it says no such thing. */
export function armsRow(value: unknown): ArmsRow | undefined {
  const { rollout, ...arms } = fieldsOf(value) ?? {};
  const [canary, primary] = [armCells(arms["canary"]), armCells(arms["primary"])];
  return typeof rollout === "string" && RELEASE.test(rollout) && canary && primary ? { rollout, canary, primary } : undefined;
}

function armCells(value: unknown): ArmCells | undefined {
  const { requests, errors, times } = fieldsOf(value) ?? {};
  if (!isCount(requests) || !isCount(errors) || errors > requests) return undefined;
  const list: readonly unknown[] = Array.isArray(times) ? times : [];
  if (list.length > 2 * (LAST_BUCKET + 1) || list.length % 2 > 0 || !list.every(isCount)) return undefined;
  const isOfBucket = list.every((one, at) => at % 2 > 0 || one <= LAST_BUCKET);
  return isOfBucket ? { requests, errors, times: [...list] } : undefined;
}

/** Index and value in turn. A list that is too long, or holds anything but numbers, counts as empty. */
function cells(value: unknown): number[] {
  const list: readonly unknown[] = Array.isArray(value) && value.length <= 2 * MOST_CELLS ? value : [];
  return list.every((one) => typeof one === "number" && one >= 0) ? (list as readonly number[]).slice() : [];
}

const SPAN_TEXTS = [
  "trace", "span", "parent", "name", "method", "scheme", "host", "port", "uri", "protocol", "client", "agent", "route", "namespace",
  "ingress", "service", "canary", "upstream",
] as const;

function spans(rows: unknown, dropped: unknown): FromSubscriber | undefined {
  const checked = checkedRows(rows, SPANS_PER_MESSAGE, spanRow);
  return checked && isCount(dropped) ? { op: "spans", rows: checked, dropped } : undefined;
}

/** Undefined: there are more than `most`, or one is no row. An empty Lua table is an empty object in JSON. */
function checkedRows<Row>(rows: unknown, most: number, read: (value: unknown) => Row | undefined): readonly Row[] | undefined {
  const list: readonly unknown[] = Array.isArray(rows) ? rows : [];
  const checked = list.length > most ? [undefined] : list.map(read);
  return checked.every((row) => row !== undefined) ? checked : undefined;
}

function spanRow(value: unknown): SpanRow | undefined {
  const row = fieldsOf(value) ?? {};
  const { start, end, status } = row;
  if (!isCount(start) || !isCount(end) || !isCount(status) || status > 999) return undefined;
  const texts = textsOf(row, SPAN_TEXTS);
  if (!texts) return undefined;
  const isId = (id: string, length: number): boolean => id.length === length && /^[0-9a-f]*$/.test(id);
  if (!isId(texts.trace, 32) || !isId(texts.span, 16) || (texts.parent !== "" && !isId(texts.parent, 16))) return undefined;
  return { ...texts, start, end, status };
}

/** These fields, cut to so many characters; undefined: one is no text. */
function textsOf<Field extends string>(row: WordFields, fields: readonly Field[], longest = LONGEST_LABEL): Record<Field, string> | undefined {
  if (!fields.every((field) => typeof row[field] === "string")) return undefined;
  return Object.fromEntries(fields.map((field) => [field, cut(textOrEmpty(row[field]), longest)])) as Record<Field, string>;
}

const REQUEST_TEXTS = ["client", "method", "scheme", "host", "path", "reason", "route", "namespace", "ingress", "service", "canary", "upstream", "answers", "id"] as const;

function requests(rows: unknown, dropped: unknown): FromSubscriber | undefined {
  const checked = checkedRows(rows, JOURNAL_ROWS_PER_MESSAGE, journalRow);
  return checked && isCount(dropped) ? { op: "requests", rows: checked, dropped } : undefined;
}

function journalRow(value: unknown): JournalRow | undefined {
  const row = fieldsOf(value) ?? {};
  const { time, took, status } = row;
  const texts = textsOf(row, REQUEST_TEXTS, LONGEST_TEXT);
  if (!texts || !isCount(time) || time > LATEST_TIME || !isAmount(took) || !isCount(status) || status > 999) return undefined;
  return { time, took, status, ...texts };
}

const REPLY_TEXTS = ["host", "route", "namespace", "ingress", "pool", "canary", "reason"] as const;

function replied(value: unknown): FromSubscriber | undefined {
  const said = fieldsOf(value) ?? {};
  const { id, generation, status, endpoints } = said;
  const texts = textsOf(said, REPLY_TEXTS);
  if (!texts || !isCount(id) || !isCount(generation) || !isCount(status) || status > 999) return undefined;
  const list: readonly unknown[] = Array.isArray(endpoints) ? endpoints : [];
  return { op: "replied", reply: {
    ...texts, id, generation, status, reason: REASONS.find((one) => one === texts.reason) ?? "",
    endpoints: list.slice(0, ENDPOINTS_TOLD).map((one) => cut(textOrEmpty(one))),
  } };
}
