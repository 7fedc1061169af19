/** Parameters of a query. Pure. nginx's own variables of them do not tell small letters from capitals, and decode nothing. */

const PERCENT = 37;
const AMPERSAND = 38;
const EQUALS = 61;

/** The first value of a parameter, decoded; undefined: the query does not have it. @param query as the client wrote it, without `?` */
export function parameterOf(query: string, name: string): string | undefined {
  const length = query.length;
  let from = 0;
  while (from < length) {
    let to = from;
    let equals = -1;
    while (to < length && query.charCodeAt(to) !== AMPERSAND) {
      if (equals < 0 && query.charCodeAt(to) === EQUALS) equals = to;
      to++;
    }
    if (decoded(query.slice(from, equals < 0 ? to : equals)) === name) return equals < 0 ? "" : decoded(query.slice(equals + 1, to));
    from = to + 1;
  }
  return undefined;
}

/** A percent sign that two hexadecimal digits do not follow stands for itself. */
function decoded(text: string): string {
  if (text.indexOf("%") < 0) return text;
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const high = text.charCodeAt(i) === PERCENT ? hexadecimal(text.charCodeAt(i + 1)) : -1;
    const low = high < 0 ? -1 : hexadecimal(text.charCodeAt(i + 2));
    if (low < 0) out = out + text.slice(i, i + 1);
    else {
      out = out + String.fromCharCode(high * 16 + low);
      i = i + 2;
    }
  }
  return out;
}

/** -1 for what is no digit, and behind the end of a text. */
function hexadecimal(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 65 && c <= 70) return c - 55;
  return c >= 97 && c <= 102 ? c - 87 : -1;
}
