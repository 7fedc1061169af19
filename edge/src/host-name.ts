/**
 * What a client may call a host that no rule names: letters, digits, `-`, `_` and `.`, or an address in brackets. Pure.
 *
 * nginx itself takes nearly every byte. Wildcards, expressions and the catch-all would hand such a text to a backend,
 * which may read another host out of it: `x@admin.example`, `admin.example,x`, `admin.example?x`.
 */

const OPENS = 91;
const CLOSES = 93;

/** @param name nginx's `$host`: without port */
export function isHostName(name: string): boolean {
  if (name.charCodeAt(0) === OPENS) return isBracketed(name);
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
    if (!letter && !(c >= 48 && c <= 57) && c !== 45 && c !== 46 && c !== 95) return false;
  }
  return true;
}

/** An address of IPv6 (RFC 3986, 3.2.2), as far as its characters go. */
function isBracketed(name: string): boolean {
  const end = name.length - 1;
  if (end < 3 || name.charCodeAt(end) !== CLOSES) return false;
  for (let i = 1; i < end; i++) {
    const c = name.charCodeAt(i);
    const hexadecimal = (c >= 97 && c <= 102) || (c >= 65 && c <= 70) || (c >= 48 && c <= 57);
    // `.` of an IPv4 address at the end, and `:`.
    if (!hexadecimal && c !== 46 && c !== 58) return false;
  }
  return true;
}
