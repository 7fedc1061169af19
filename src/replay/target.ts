/**
 * One of the two controllers: sends a request to its listener and reads the answer.
 *
 * Guarantee: connections go to the listeners that were given, whatever the request or an answer says. An answer costs at
 * most a MiB of memory and 16 MiB of reading.
 */
import { createHash } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import { pause } from "../support/backoff.ts";
import type { ReplayRequest } from "./logged-request.ts";

/** How a body ended: as it should, not within the time, with a broken connection, or longer than what is read. */
type BodyEnd = "whole" | "late" | "broken" | "long";

export interface ReplayAnswer {
  readonly status: number;
  /** Name in lower case → the values, one for each line. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Absent: bodies are not compared. */
  readonly body?: { readonly end: BodyEnd; /** Bytes. */ readonly length: number; /** SHA-256 of the first MiB, hex. */ readonly digest: string };
  /** Milliseconds from the connection's begin to the end of the answer. */
  readonly took: number;
}

/** Why there is no answer, in a few words. */
export interface ReplayFailure {
  readonly failure: string;
}

export interface ReplayTarget {
  /** What the user calls it: `--against`. */
  readonly flag: string;
  /** Its ports, which it may name in redirects. */
  readonly ports: ReadonlySet<string>;
  /** The URL that a request has there, for people. */
  urlOf(request: ReplayRequest): string;
  /** Throws a LostTarget when the target does not answer at all. After an abort the result means nothing. */
  ask(request: ReplayRequest, signal: AbortSignal): Promise<ReplayAnswer | ReplayFailure>;
}

/** A target that does not answer. The message says why. */
export class LostTarget extends Error {}

export interface TargetRules {
  /** URLs of listeners; `forHttps` may be empty. */
  readonly listener: string;
  readonly forHttps: string;
  readonly verify: boolean;
  readonly withBody: boolean;
  /** Milliseconds; absent: 10 seconds. */
  readonly patience?: number;
}

const PATIENCE_MS = 10_000;
const COMPARED_BYTES = 1 << 20;
const MOST_BYTES_READ = 16 << 20;
const MOST_HEADER_BYTES = 1 << 18;
/** Tries of one request while nobody listens, and milliseconds before the second one; each further one waits longer. */
const TRIES = 5;
const BETWEEN_TRIES_MS = 150;
/** Requests in a row without any answer, for whatever reason. */
const MOST_FAILURES = 50;
/** Nobody listens there, or it cannot be reached. */
const UNREACHABLE: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENOTFOUND", "EAI_AGAIN", "EADDRNOTAVAIL"]);
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused", ECONNRESET: "the connection was closed", EPIPE: "the connection was closed", ENOTFOUND: "its name has no address",
};

export function replayTarget(flag: string, rules: TargetRules): ReplayTarget {
  const listeners = [rules.listener, rules.forHttps].filter((text) => text !== "").map((text) => new URL(text));
  const listenerOf = (request: ReplayRequest): URL => (request.https ? listeners.at(-1) : listeners[0]) as URL;
  let failures = 0;
  return {
    flag,
    ports: new Set(listeners.map(portOf)),
    urlOf: (request) => `${listenerOf(request).protocol}//${request.host}${request.target}`,
    async ask(request, signal) {
      for (let tries = 1; ; tries++) {
        const outcome = await send(listenerOf(request), request, rules, signal);
        if (signal.aborted) return outcome;
        if (!("failure" in outcome)) {
          failures = 0;
          return outcome;
        }
        const isLost = outcome.unreachable ? tries >= TRIES : ++failures >= MOST_FAILURES;
        if (isLost) throw new LostTarget(`${flag}=${listenerOf(request).origin} does not answer (${outcome.failure}, ${outcome.unreachable ? tries : failures} tries): is the address right, and does the controller run?`);
        if (!outcome.unreachable) return outcome;
        await pause(tries * BETWEEN_TRIES_MS, signal);
      }
    },
  };
}

function portOf({ port, protocol }: URL): string {
  return port === "" ? (protocol === "https:" ? "443" : "80") : port;
}

interface Failed extends ReplayFailure {
  readonly unreachable: boolean;
}

/** Methods whose requests have no body, not even an empty one. */
const WITHOUT_BODY: readonly string[] = ["GET", "HEAD", "OPTIONS"];

function send(listener: URL, request: ReplayRequest, { verify, withBody, patience = PATIENCE_MS }: TargetRules, signal: AbortSignal): Promise<ReplayAnswer | Failed> {
  const { promise, resolve } = Promise.withResolvers<ReplayAnswer | Failed>();
  const begun = performance.now();
  const headers = { host: request.host, ...Object.fromEntries([...request.headers].map(([name, values]) => [name, [...values]])), ...(WITHOUT_BODY.includes(request.method) ? {} : { "content-length": "0" }) };
  const sent = (listener.protocol === "https:" ? https : http).request({
    // One connection for each request: none is lost because the other side has just closed a kept one.
    agent: false, host: listener.hostname.replace(/^\[(.*)\]$/, "$1"), port: portOf(listener), method: request.method, path: request.target,
    headers, setHost: false, maxHeaderSize: MOST_HEADER_BYTES, signal,
    ...(listener.protocol === "https:" ? { rejectUnauthorized: verify, servername: serverName(request.host) } : {}),
  });
  let response: Reading | undefined;
  let hasEnded = false;
  const end = (how: BodyEnd, failure: Failed): void => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(timer);
    resolve(response ? response.ended(how, performance.now() - begun) : failure);
    sent.destroy();
  };
  const timer = setTimeout(() => end("late", { failure: `no answer in ${patience / 1000} s`, unreachable: false }), patience);
  sent.on("error", (error) => end("broken", failureOf(error)));
  // An answer to something else than the request, such as a switch of protocols that nobody asked for, is none.
  sent.on("close", () => end("broken", CLOSED));
  sent.on("response", (incoming) => {
    response = reading(incoming, withBody);
    incoming.on("error", () => end("broken", CLOSED));
    incoming.on("end", () => end("whole", CLOSED));
    if (!withBody || request.method === "HEAD") return end("whole", CLOSED);
    const told = Number(incoming.headers["content-length"] ?? NaN);
    incoming.on("data", (chunk: Buffer) => {
      const length = response?.take(chunk) ?? 0;
      // A length that is told need not be counted.
      if (length >= COMPARED_BYTES && told > length) end("whole", CLOSED);
      else if (length > MOST_BYTES_READ) end("long", CLOSED);
    });
  });
  sent.end();
  return promise;
}

const CLOSED: Failed = { failure: "the connection was closed", unreachable: false };

/** TLS has no server names that are addresses. */
function serverName(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) === 0 && /^[\w.-]+$/.test(bare) ? bare : "";
}

function failureOf(error: Error & { readonly code?: string }): Failed {
  const { code = "" } = error;
  if (code.startsWith("HPE_")) return { failure: `what answers speaks no HTTP (${code})`, unreachable: false };
  return { failure: WORDS[code] ?? (code === "" ? error.message : code), unreachable: UNREACHABLE.has(code) };
}

interface Reading {
  /** Gives the number of bytes so far. */
  take(chunk: Buffer): number;
  /** @param took milliseconds. */
  ended(how: BodyEnd, took: number): ReplayAnswer;
}

function reading(incoming: http.IncomingMessage, withBody: boolean): Reading {
  const hash = createHash("sha256");
  let length = 0;
  return {
    take(chunk) {
      if (length < COMPARED_BYTES) hash.update(chunk.subarray(0, COMPARED_BYTES - length));
      length += chunk.length;
      return length;
    },
    ended(end, took) {
      const told = Number(incoming.headers["content-length"] ?? NaN);
      const whole = end === "whole" && length >= COMPARED_BYTES && told > length ? told : length;
      return { status: incoming.statusCode ?? 0, headers: headersOf(incoming.rawHeaders), took, ...(withBody ? { body: { end, length: whole, digest: hash.digest("hex") } } : {}) };
    },
  };
}

function headersOf(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const values = headers.get(name) ?? [];
    values.push(raw[i + 1] ?? "");
    headers.set(name, values);
  }
  return headers;
}
