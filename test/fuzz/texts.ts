/** Texts for parsers: seeds that are valid, changed in a few places, and pieces that other grammars are made of. */
import * as fc from "fast-check";

/** Pieces that mean something in one grammar or another. */
const PIECES: readonly string[] = [
  "\0", "\n", "\r", "\r\n", "\t", " ", "  ", ":", ": ", ";", ",", "=", "-", "--", "---", "---\n", "...", "\"", "'", "\\", "/", "//", "/..", "$", "${", "$1", "$host", "{", "}", "{}", "[", "]", "[]", "(", ")", "(?", "|", "*", "+", "?", "#", "%", "%0", "%00", "%zz", "&", "*a", "&a", "!",
  "!!", "<<", "<<: *a", "@", "`", ">", "|-", "~", "_", ".", "..", "0", "-1", "1e400", "0x", "99999999999999999999", "null", "true", "on", "__proto__", "constructor", "é", "\u2028", "\ud800", "\ufeff", "\x7f", "\x80", "::", "::1", "/129", "ms", "k", "Basic ", "Digest ", "HTTP/1.1", "a", "aa", "evil",
];

const edit = fc.record({ at: fc.nat(100_000), length: fc.constantFrom(0, 0, 0, 1, 2, 5, 40), piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 3 })), times: fc.constantFrom(1, 1, 1, 2, 3, 20) });

/** A seed with some pieces put in and some characters taken out; now and then text that is no seed's. */
export function changedText(seeds: readonly string[]): fc.Arbitrary<string> {
  const changed = fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 5 })).map(([seed, edits]) => {
    let text = seed;
    for (const { at, length, piece, times } of edits) {
      const from = at % (text.length + 1);
      text = text.slice(0, from) + piece.repeat(times) + text.slice(from + length);
    }
    return text;
  });
  const made = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(""));
  return fc.oneof({ weight: 8, arbitrary: changed }, { weight: 2, arbitrary: made }, { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) });
}

/** Pieces of which a text may be made of nothing else, and still be read for long. */
const PUMPED: readonly string[] = [
  "a", "1", " ", "\n", "\t", ".", "a.", ",", "a,", ", ", ":", ": ", "a: ", "a:\n", "a: b\n", "- ", "- a\n", "-", "---\n", "#\n", "\"", "\\", "\\\"", "'", "''", "[", "[]", "[a,", "{", "{a: ", "{a:1},", "(", "()", "(a", ")", "()*", "|", "a|", "/", "/a", "//", "/..", "$", "$a", "${", "${a}", "=", "a=", "a=b;", "a=\"", ";", "%", "%41",
  "&", "*", "&a ", "*a ", "<<", "!", "::", ":1", "1.", "10.0.0.0/8,", "\0", "\r\n", "é", "\ud800", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "0\r\n", "x: y\r\n", "{\"a\":", "\"a\":1,", "\"a\",", "]", "}", "a b ", "a;\n", "a {", "# ", "in (", "a in (b),", "!a,",
];

/** Long texts in which one piece stands again and again: alone, and within a seed. @param length characters, about */
export function pumped([seed = ""]: readonly string[], length: number): readonly string[] {
  const middle = Math.ceil(seed.length / 2);
  return PUMPED.flatMap((piece) => {
    const many = piece.repeat(Math.ceil(length / piece.length));
    return [many, `${seed.slice(0, middle)}${many}${seed.slice(middle)}`];
  });
}
