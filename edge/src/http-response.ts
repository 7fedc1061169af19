/**
 * The head of an HTTP/1 response, read strictly. Pure.
 *
 * Guarantee: nothing ambiguous gets through. A head that servers would not write, or that two readers could understand
 * differently (folded lines, blanks before a colon, two lengths, control characters), is refused.
 */

export interface Head {
  status: number;
  /** In their order; names in lower case. */
  fields: [string, string][];
  /** Bytes of body that follow; -1: the connection's end, or chunks, end the body. */
  length: number;
  /** The connection may serve another request once the body was read. */
  reusable: boolean;
}

/** Largest head in bytes, its last empty line included. */
export const HEAD_LIMIT = 32768;
const FIELDS_LIMIT = 128;

const [CR, LF, NUL, TAB, BLANK, COLON, DELETE] = [13, 10, 0, 9, 32, 58, 127];

/**
 * Reads a head: the text before its empty line. `bodiless`: the request was HEAD, so there is no body whatever the
 * head says. Undefined: not a head.
 */
export function readHead(text: string, bodiless: boolean): Head | undefined {
  const end = lineEnd(text, 0);
  const status = readStatus(text, end);
  if (status === undefined) return undefined;
  const fields: [string, string][] = [];
  let at = end + 2;
  while (at < text.length) {
    const stop = lineEnd(text, at);
    const field = readField(text, at, stop);
    if (field === undefined || fields.length >= FIELDS_LIMIT) return undefined;
    fields.push(field);
    at = stop + 2;
  }
  return framed(status, text.charCodeAt(7) === 49, fields, bodiless);
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\r\n", from);
  return end < 0 ? text.length : end;
}

/** `HTTP/1.x NNN`, and a reason phrase, which is ignored. */
function readStatus(text: string, end: number): number | undefined {
  if (end < 12 || text.slice(0, 7) !== "HTTP/1." || text.charCodeAt(8) !== BLANK) return undefined;
  if (!isDigit(text.charCodeAt(7)) || text.charCodeAt(7) > 49) return undefined;
  if (end > 12 && text.charCodeAt(12) !== BLANK) return undefined;
  const status = readNumber(text.slice(9, 12));
  if (status === undefined || status < 100 || !isPlain(text, 12, end)) return undefined;
  return status;
}

function readField(text: string, from: number, end: number): [string, string] | undefined {
  let colon = from;
  while (colon < end && isTokenCharacter(text.charCodeAt(colon))) colon++;
  if (colon === from || colon >= end || text.charCodeAt(colon) !== COLON || !isPlain(text, colon, end)) return undefined;
  let first = colon + 1;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  return [text.slice(from, colon).toLowerCase(), text.slice(first, last)];
}

function framed(status: number, modern: boolean, fields: [string, string][], bodiless: boolean): Head | undefined {
  let length = -1;
  let chunked = false;
  let closes = !modern;
  for (const [name, value] of fields) {
    if (name === "content-length") {
      const given = readNumber(value);
      if (given === undefined || (length >= 0 && given !== length)) return undefined;
      length = given;
    } else if (name === "transfer-encoding") chunked = true;
    else if (name === "connection" && value.toLowerCase().indexOf("close") >= 0) closes = true;
  }
  // Chunks and a length at once are how one response is made to look like two.
  if (chunked && length >= 0) return undefined;
  if (bodiless || status < 200 || status === 204 || status === 304) length = 0;
  return { status, fields, length, reusable: !closes && length >= 0 };
}

/** The first value of a field, by its name in lower case. */
export function fieldOfHead(head: Head, wanted: string): string | undefined {
  for (const [name, value] of head.fields) if (name === wanted) return value;
  return undefined;
}

/** All values of a field, each as it came; undefined when there is none. */
export function fieldsOfHead(head: Head, wanted: string): string[] | undefined {
  let found: string[] | undefined;
  for (const [name, value] of head.fields) {
    if (name !== wanted) continue;
    if (found === undefined) found = [value];
    else found.push(value);
  }
  return found;
}

/** All values of a field as one, as newer nginx reads `$upstream_http_…`. */
export function joined(head: Head, wanted: string): string | undefined {
  let text: string | undefined;
  for (const [name, value] of head.fields) if (name === wanted) text = text === undefined ? value : text + ", " + value;
  return text;
}

/** Decimal digits and nothing else, few enough to be exact; undefined otherwise. */
export function readNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 15) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return undefined;
    value = value * 10 + (code - 48);
  }
  return value;
}

function isPlain(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === CR || code === LF || code === NUL || code === DELETE || (code < BLANK && code !== TAB)) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === BLANK || code === TAB;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** RFC 9110, 5.6.2. */
function isTokenCharacter(code: number): boolean {
  if (isDigit(code) || (code >= 65 && code <= 90) || (code >= 94 && code <= 122)) return true;
  return code === 33 || (code >= 35 && code <= 39) || code === 42 || code === 43 || code === 45 || code === 46 || code === 124 || code === 126;
}
