/**
 * The request of a line of the log, as it can be sent again.
 *
 * Guarantee: what comes out is one request for a path. No byte in it ends a line, or names another place to send it to.
 */
import { askedOfLine, hostOfLine, readLogLine, requestOfLine } from "../explain/log-line.ts";
import { OF_THE_CONNECTION } from "../settings/replay-flags.ts";

export interface ReplayRequest {
  readonly method: string;
  /** Whether the log says that it came over TLS. */
  readonly https: boolean;
  /** The Host header, without a port. */
  readonly host: string;
  /** Path and query; a character stands for a byte. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** Why lines are not sent, as the end of a sentence: "3 lines …". */
export const SKIPPED = {
  format: "are not of the log's format",
  request: "do not say what was asked for",
  method: "have a method that is not among --methods",
  host: "do not name their host: give --host=HOST",
  unsendable: "hold what no request for a path can hold",
  long: "are longer than 64 KiB",
  repeated: "ask for the same again",
  many: "are beyond 1,000,000 different requests",
} as const;
export type SkippedFor = keyof typeof SKIPPED;

export interface LineRules {
  /** The log's format; a character stands for a byte. */
  readonly format: string;
  readonly escaping: "default" | "json" | "none";
  /** Host of lines that name none; empty: such lines are skipped. */
  readonly host: string;
  readonly methods: readonly string[];
  /** `Name: value`: headers of every request, in place of the log's. */
  readonly headers: readonly string[];
}

const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;
const HOST = /^[\x21-\x7e]{1,255}$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NAME = /^[a-z0-9-]+$/;

/** The request, or why there is none. */
export function loggedRequest(line: string, { format, escaping, host: given, methods, headers }: LineRules): ReplayRequest | SkippedFor {
  const facts = readLogLine(line, format, escaping);
  if (!facts) return "format";
  const asked = requestOfLine(facts);
  if (!asked) return "request";
  if (!methods.includes(asked.method)) return "method";
  const { place, target } = originForm(asked.target);
  const host = hostOfLine(facts) ?? place ?? given;
  if (host === "") return "host";
  if (!PATH.test(target) || !HOST.test(host)) return "unsendable";
  const { url, headers: logged } = askedOfLine(facts, host, { method: asked.method, target });
  const all = new Map<string, readonly string[]>();
  for (const [name, value] of logged.map(nameAndValue)) {
    if (!NAME.test(name) || !VALUE.test(value)) return "unsendable";
    // Compressed bytes differ from one build of a library to another.
    if (!OF_THE_CONNECTION.has(name) && name !== "accept-encoding") all.set(name, [value]);
  }
  const byHand = Map.groupBy(headers.map(nameAndValue), ([name]) => name);
  for (const [name, pairs] of byHand) all.set(name, pairs.map(([, value]) => value));
  return { method: asked.method, https: url.startsWith("https:"), host, target, headers: all };
}

/** What proxies are asked for (`http://shop.example/cart`) as what servers are asked for, and the host that it named. */
function originForm(target: string): { readonly target: string; readonly place?: string } {
  const [, place, rest = ""] = /^https?:\/\/([^/?#@]+)([/?].*)?$/i.exec(target) ?? [];
  if (place === undefined) return { target };
  return { target: rest.startsWith("/") ? rest : `/${rest}`, place: place.toLowerCase().replace(/:\d+$/, "") };
}

function nameAndValue(header: string): readonly [name: string, value: string] {
  const colon = header.indexOf(":");
  return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
}
