/**
 * Finds the client where the nearest proxy speaks the PROXY protocol and proxies in front of that one append to a
 * header (X-Forwarded-For). nginx itself can follow only one of the two.
 */
import { includes } from "./networks.ts";
import type { Networks } from "./networks.ts";

export interface Proxies {
  /** nginx variable of the header: `http_x_forwarded_for`. */
  header: string;
  trusted: Networks;
}

/**
 * The last address of the chain that is no trusted proxy; the first one when all are. `peer` is the address that the
 * PROXY protocol names, `chain` the value of the header. The header is read from its end, up to the first entry that is
 * no address.
 */
export function clientOf(peer: string, chain: string | undefined, trusted: Networks): string {
  let client = peer;
  let bytes = addressBytes(peer);
  let end = chain === undefined ? 0 : chain.length;
  while (chain !== undefined && end > 0 && bytes !== undefined && includes(trusted, bytes)) {
    let begin = end;
    while (begin > 0 && chain.charCodeAt(begin - 1) !== COMMA) begin--;
    const text = trimmed(chain, begin, end);
    end = begin - 1;
    bytes = addressBytes(text);
    if (bytes !== undefined) client = text;
  }
  return client;
}

const COMMA = 44;
const SPACE = 32;
const DOT = 46;
const COLON = 58;

function trimmed(text: string, begin: number, end: number): string {
  let from = begin;
  let to = end;
  while (from < to && text.charCodeAt(from) === SPACE) from++;
  while (to > from && text.charCodeAt(to - 1) === SPACE) to--;
  return text.substring(from, to);
}

/** The 4 or 16 bytes of an address without port and brackets; undefined: the text is no address. */
export function addressBytes(text: string): string | undefined {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) === COLON) return bytesOfV6(text);
  }
  return bytesOfV4(text, 0);
}

function bytesOfV4(text: string, from: number): string | undefined {
  let bytes = "";
  let count = 0;
  let value = -1;
  for (let i = from; i <= text.length; i++) {
    const c = i === text.length ? DOT : text.charCodeAt(i);
    if (c === DOT) {
      if (value < 0 || count === 4) return undefined;
      bytes += String.fromCharCode(value);
      count++;
      value = -1;
    } else {
      if (c < 48 || c > 57) return undefined;
      value = (value < 0 ? 0 : value * 10) + c - 48;
      if (value > 255) return undefined;
    }
  }
  return count === 4 ? bytes : undefined;
}

const V6_BYTES = 16;

/** Groups of hexadecimal digits, `::` for as many zeros as are missing, an IPv4 address in place of the last two. */
function bytesOfV6(text: string): string | undefined {
  let head = "";
  let tail: string | undefined;
  const add = (bytes: string): void => {
    if (tail === undefined) head += bytes;
    else tail += bytes;
  };
  let at = 0;
  while (at < text.length) {
    if (text.charCodeAt(at) === COLON) {
      if (text.charCodeAt(at + 1) !== COLON || tail !== undefined) return undefined;
      tail = "";
      at += 2;
      continue;
    }
    let end = at;
    while (end < text.length && text.charCodeAt(end) !== COLON) end++;
    const group = text.substring(at, end);
    const bytes = end === text.length && hasDot(group) ? bytesOfV4(group, 0) : bytesOfGroup(group);
    if (bytes === undefined) return undefined;
    add(bytes);
    // A single colon is followed by a group.
    at = end;
    if (at < text.length && text.charCodeAt(at + 1) !== COLON) {
      at++;
      if (at === text.length) return undefined;
    }
  }
  if (tail === undefined) return head.length === V6_BYTES ? head : undefined;
  if (head.length + tail.length > V6_BYTES - 2) return undefined;
  let zeros = "";
  for (let i = head.length + tail.length; i < V6_BYTES; i++) zeros += String.fromCharCode(0);
  return head + zeros + tail;
}

function hasDot(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === DOT) return true;
  return false;
}

function bytesOfGroup(group: string): string | undefined {
  if (group.length === 0 || group.length > 4) return undefined;
  let value = 0;
  for (let i = 0; i < group.length; i++) {
    const c = group.charCodeAt(i);
    const digit = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1;
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return String.fromCharCode(Math.floor(value / 256)) + String.fromCharCode(value % 256);
}
