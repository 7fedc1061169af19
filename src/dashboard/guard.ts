/**
 * Who may look at the dashboard.
 *
 * Programs of this machine may; a web page of another origin in one of its browsers may not. Where the operator opened
 * the dashboard wider, whoever shows a token may: the one in a file, or one that the API server knows. Then nobody looks
 * without one, for a proxy of this machine may pass on anybody. The page keeps the token and sends it with each request:
 * there is no cookie that a browser would send for another page.
 *
 * Guarantee: what cannot be checked is refused.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { isFromPage, isFromThisMachine, namesThisMachine } from "../report/caller.ts";

/** What a caller gets; `token`: it may show one. `late`: whether its token is good cannot be found out now. */
export type CallerVerdict = "welcome" | "token" | "refused" | "late";

/** Whether the holder of this token may look; undefined: it cannot be found out now. */
export type ReviewToken = (token: string) => Promise<boolean | undefined>;

export interface GuardOptions {
  /** --healthz-host. */
  readonly host: string;
  /** A file with a token; "": none is good. */
  readonly tokenFile: string;
  /** Asks the API server; undefined: it is not asked. */
  readonly review: ReviewToken | undefined;
}

/** A token of fewer characters could be guessed. */
export const SHORTEST_TOKEN = 16;
/** Requests have no longer one, because Node.js takes no more headers. */
const LONGEST_TOKEN = 16_384;

/** Guards what tells of the cluster. The page's own files tell of nothing: see `mayHavePage`. */
export async function judgeCaller(options: GuardOptions, request: IncomingMessage): Promise<CallerVerdict> {
  if (isFromPage(request) && !isFromOwnPage(request)) return "refused";
  const { tokenFile, review } = options;
  if (tokenFile === "" && !review) return isOfThisMachine(options, request) ? "welcome" : "refused";
  const token = /^Bearer +([\x21-\x7e]{1,16384})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) return "token";
  if (tokenFile !== "" && isTokenOfFile(token, tokenFile)) return "welcome";
  if (!review) return "token";
  const good = await review(token);
  return good === undefined ? "late" : good ? "welcome" : "token";
}

/** Whether a caller gets the page's files: everybody who could look with the right token. */
export function mayHavePage(options: GuardOptions, request: IncomingMessage): boolean {
  return options.tokenFile !== "" || options.review !== undefined || isOfThisMachine(options, request);
}

function isOfThisMachine({ host }: GuardOptions, request: IncomingMessage): boolean {
  return isFromThisMachine(request) && namesThisMachine(host, request);
}

/**
 * Whether the page that a browser asks for is of our own origin: by Fetch Metadata, which no page can set, or where a
 * browser sends none ("Origin header" of Fetch) by the origin, which is the Host's unless a proxy changed that.
 */
function isFromOwnPage({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  return origin === undefined || (host !== undefined && /^https?:\/\/(.+)$/.exec(origin)?.[1] === host);
}

/**
 * The token in a file. Throws an Error for what can be no such file: reading a pipe would wait for its writer, and
 * serving with it; and a pipe gives its token once.
 */
export function readToken(file: string): string {
  const stat = statSync(file);
  if (!stat.isFile()) throw new Error("it is no regular file");
  if (stat.size > LONGEST_TOKEN) throw new Error(`it has ${stat.size} bytes, and a token at most ${LONGEST_TOKEN}`);
  return readFileSync(file, "utf8").trim();
}

/** The file is read each time, so that a new token holds at once, and one that is taken away no longer. */
function isTokenOfFile(token: string, file: string): boolean {
  let right: string;
  try {
    right = readToken(file);
  } catch {
    return false;
  }
  return right.length >= SHORTEST_TOKEN && timingSafeEqual(digest(token), digest(right));
}

/** Of equal length for all texts, as the comparison needs it. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
