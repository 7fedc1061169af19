/**
 * Which answers of an external authentication service are kept, for how long, and for whom. Pure.
 *
 * The rules are those of nginx's cache: the service's own headers (X-Accel-Expires, Cache-Control, Expires) come before
 * auth-cache-duration; an answer that sets a cookie is for one client and never kept.
 */
import type { AuthCache } from "./external-auth.ts";
import { fieldOfHead, fieldsOfHead, readNumber } from "./http-response.ts";
import type { Head } from "./http-response.ts";
import type { Variable } from "./template.ts";

/** For how many seconds an answer is kept; 0: not at all. `until` gives the seconds from now to an HTTP date; undefined when the text is none. */
export function answerLifetime(cache: AuthCache, head: Head, until: (this: void, date: string) => number | undefined): number {
  if (fieldOfHead(head, "set-cookie") !== undefined || varies(head).indexOf("*") >= 0) return 0;
  const said = accelerated(head) ?? controlled(head) ?? expiring(head, until);
  if (said !== undefined) return said;
  for (const [status, seconds] of cache.lifetimes) if (status === 0 || status === head.status) return seconds;
  return 0;
}

function accelerated(head: Head): number | undefined {
  const text = fieldOfHead(head, "x-accel-expires");
  return text === undefined ? undefined : (readNumber(text) ?? 0);
}

function controlled(head: Head): number | undefined {
  const all = fieldsOfHead(head, "cache-control");
  if (all === undefined) return undefined;
  let seconds: number | undefined;
  for (const line of all) {
    const text = line.toLowerCase();
    if (text.indexOf("no-cache") >= 0 || text.indexOf("no-store") >= 0 || text.indexOf("private") >= 0) return 0;
    seconds = seconds ?? age(text, "s-maxage=") ?? age(text, "max-age=");
  }
  return seconds;
}

/** The number after a word of Cache-Control; undefined: the word is not there. A number that cannot be read counts as 0, which keeps nothing. */
function age(text: string, word: string): number | undefined {
  const at = text.indexOf(word);
  if (at < 0) return undefined;
  let end = at + word.length;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++;
  return readNumber(text.slice(at + word.length, end)) ?? 0;
}

function expiring(head: Head, until: (this: void, date: string) => number | undefined): number | undefined {
  const date = fieldOfHead(head, "expires");
  if (date === undefined) return undefined;
  const seconds = until(date) ?? 0;
  return seconds > 0 ? seconds : 0;
}

/** The names of the request headers that the answer depends on, in lower case, separated by commas. */
export function varies(head: Head): string {
  const all = fieldsOfHead(head, "vary");
  if (all === undefined) return "";
  let text = "";
  for (const line of all) text = text === "" ? line.toLowerCase() : text + "," + line.toLowerCase();
  return text;
}

/** The request's values of the headers that `vary` names: two requests with the same text share an answer. */
export function variant(vary: string, variable: Variable): string {
  let text = "";
  let at = 0;
  while (at < vary.length) {
    const comma = vary.indexOf(",", at);
    const end = comma < 0 ? vary.length : comma;
    const name = variableName(vary, at, end);
    if (name !== "") text += (variable("http_" + name) ?? "") + "\n";
    at = end + 1;
  }
  return text;
}

function variableName(text: string, from: number, end: number): string {
  let name = "";
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 45) name += "_";
    else if (code > 32) name += text.charAt(at);
  }
  return name;
}
