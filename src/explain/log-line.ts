/** A line of the access log, read by the format that wrote it, and the request that it is about. */
import type { AskedRequest } from "./request.ts";

/** nginx's variables by name, without `$`; those that had no value (`-`) are absent. */
export type LoggedFacts = Readonly<Record<string, string>>;

interface Piece {
  readonly variable: string;
  /** Literal text behind the variable, up to the next. */
  readonly behind: string;
}

/** A list, as nginx writes what it noted of each attempt: `10.0.0.1:80, 10.0.0.2:80`. */
const ATTEMPTS = /[^,\s]+(?:(?:, | : )[^,\s]+)*/y;

/**
 * Undefined: the line is not of this format.
 *
 * @param escaping how the format escapes values (log-format-escape-json, log-format-escape-none).
 */
export function readLogLine(line: string, format: string, escaping: "default" | "json" | "none"): LoggedFacts | undefined {
  const { start, pieces } = piecesOf(format);
  if (!line.startsWith(start)) return undefined;
  const facts: Record<string, string> = {};
  let at = start.length;
  for (const { variable, behind } of pieces) {
    const end = endOf(line, at, variable, behind);
    if (end === undefined) return undefined;
    const value = unescaped(line.slice(at, end), escaping);
    if (value !== "-" && value !== "") facts[variable] = value;
    at = end + behind.length;
  }
  return at === line.length ? facts : undefined;
}

function piecesOf(format: string): { readonly start: string; readonly pieces: readonly Piece[] } {
  const found = [...format.matchAll(/\$(?:\{([a-z0-9_]+)\}|([a-z0-9_]+))/gi)];
  const ends = found.map(({ index, 0: whole }) => index + whole.length);
  const pieces = found.map(({ 1: braced, 2: bare }, place) => ({ variable: braced ?? bare ?? "", behind: format.slice(ends[place], found[place + 1]?.index) }));
  return { start: format.slice(0, found[0]?.index), pieces };
}

/** Where the value ends that begins at `at`. */
function endOf(line: string, at: number, variable: string, behind: string): number | undefined {
  if (behind === "") return line.length;
  if (variable.startsWith("upstream_") && behind.startsWith(" ")) {
    ATTEMPTS.lastIndex = at;
    return ATTEMPTS.test(line) && line.startsWith(behind, ATTEMPTS.lastIndex) ? ATTEMPTS.lastIndex : undefined;
  }
  const end = line.indexOf(behind, at);
  return end < 0 ? undefined : end;
}

function unescaped(value: string, escaping: "default" | "json" | "none"): string {
  if (escaping === "none") return value;
  if (escaping === "default") return value.replace(/\\x([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return JSON.parse(`"${value}"`) as string;
  } catch {
    return value;
  }
}

/** The method and the target of the request; undefined: the line does not tell them. */
export function requestOfLine({ request, request_method: method, request_uri: uri, uri: path, args }: LoggedFacts): { readonly method: string; readonly target: string } | undefined {
  const [, first, target] = /^(\S+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(request ?? "") ?? [];
  if (first !== undefined && target !== undefined) return { method: first, target };
  const told = uri ?? (path === undefined ? undefined : `${path}${args === undefined ? "" : `?${args}`}`);
  return told === undefined ? undefined : { method: method ?? "GET", target: told };
}

/** Host in lower case, without its port; undefined: the line does not tell it. */
export function hostOfLine({ host, best_http_host: best, http_host: header, ssl_server_name: sni }: LoggedFacts): string | undefined {
  return (host ?? best ?? header ?? sni)?.toLowerCase().replace(/:\d+$/, "");
}

/** Headers of the client that the line has: `$http_user_agent`, … */
function headersOf(facts: LoggedFacts): readonly string[] {
  return Object.entries(facts).flatMap(([name, value]) => (name.startsWith("http_") && name !== "http_host" ? [`${name.slice("http_".length).replaceAll("_", "-")}: ${value}`] : []));
}

/** The request to explain, as it was asked of this host. */
export function askedOfLine(facts: LoggedFacts, host: string, { method, target }: { readonly method: string; readonly target: string }): AskedRequest {
  const https = (facts["scheme"] ?? facts["pass_access_scheme"]) === "https" || facts["https"] === "on" || facts["ssl_protocol"] !== undefined;
  const { remote_addr: client } = facts;
  return { url: `${https ? "https" : "http"}://${host}${target}`, headers: headersOf(facts), method, ...(client === undefined ? {} : { client }) };
}

/** One attempt to get an answer of a backend. */
export interface LoggedAttempt {
  readonly endpoint: string;
  readonly status?: string;
  /** Seconds. */
  readonly took?: string;
}

export function attemptsOfLine({ upstream_addr: addresses = "", upstream_status: statuses = "", upstream_response_time: times = "" }: LoggedFacts): readonly LoggedAttempt[] {
  const [status, took] = [attemptList(statuses), attemptList(times)];
  return attemptList(addresses).map((endpoint, index) => ({
    endpoint,
    ...(status[index] ? { status: status[index] } : {}),
    ...(took[index] ? { took: took[index] } : {}),
  }));
}

/** What nginx noted of each attempt, in their order. */
export function attemptList(text: string): readonly string[] {
  return text === "" ? [] : text.split(/, | : /);
}
