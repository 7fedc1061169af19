/**
 * Requests in HTTP/1.1 that two readers could take for different ones, beside those of hostile-forms.ts: by how a body
 * ends, by what is asked for, by which host, by size, by version, by what is asked of the connection.
 *
 * `h.example` is the host, `/first`, `/last` and `/hidden-ID` the paths; whoever sends a form may put others in their place.
 */
import { hidden, http1Forms, type Form } from "./hostile-forms.ts";

export interface SmugglingForm extends Form {
  /** `body`: how the body ends is what the form is about. It depends on the location, and is tried for all kinds of them. */
  readonly about: "body" | "head";
}

const HOST = "Host: h.example";
const LAST = `GET /last HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`;
const END = "0\r\n\r\n";

/** Sizes of a chunk of five bytes, nearly all of them wrong. */
const SIZES = [
  "", "0x5", "00000000000000005", "5\t", "\t5", "5;", "5;=", '5;a="b', '5;a="\r\n"', "5\0", "5h", "-0", "+0", "1_0", "0b1", "\xef\xbc\x95", "7fffffffffffffff", "8000000000000000", "ffffffffffffffff", "10000000000000005", "5 5", "5,5", "5\r", "5\n", "5\r\r\n", "\n5", "5\x0b", "5\x0c",
  "5 ;x", "5;\r", "5;a=b\n", "5;\0", "5\x7f", "5\x85", "5\xa0", "'5'", "5.0", "5e0", "FFFFFFFE", "5\r\n\r\n",
];
/** What stands where the last chunk and the trailer end a body. */
const ENDS = [
  "0\r\n\n", "0\n\r\n", "000\r\n\r\n", "0 \r\n\r\n", "0;x\r\n\r\n", "0\r\n X: y\r\n\r\n", `0\r\n${HOST}\r\n\r\n`, "0\r\nX\r\n\r\n", "0\r\nX: a\0b\r\n\r\n", "0\r\n: x\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n", "0\r\nX: y\n\n", "0\r\nX: y\r\r\n\r\n", "0\r\rX\r\n\r\n", "0\r\n\r\r\n", "0", "0\r", "\r\n",
  "0\r\n\r\n\r\n\r\n", "-0\r\n\r\n", "0x0\r\n\r\n", "0\r\nTransfer-Encoding: identity\r\n\r\n", "0\r\nGET /hidden-x HTTP/1.1\r\n\r\n",
];
/** What stands behind the bytes of a chunk. */
const TAILS = ["\n", "\r", "AB", "\r\n\r\n", "", "\r\n ", "\0\r\n", "\n\r\n"];
const CODINGS = [
  "Transfer-Encoding: chunked\r\n\t, identity", "transfer-encoding: CHUNKED", "Transfer-Encoding: chunked\x85", "Transfer-Encoding: \xa0chunked", "Transfer-Encoding: chunked;q=1", "TE: chunked", "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:",
  "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encodi\0ng: chunked", "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunk", "Transfer-Encoding: chunkedd", "Transfer-Encoding\t: chunked", "Transfer-Encoding\r\n : chunked", "X: y\r\n\tTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r", "Transfer-Encoding: identity", "Trailer: Content-Length",
  "Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding", "X-Transfer-Encoding: chunked", "Transfer-Encoding: \x00chunked", "\x00Transfer-Encoding: chunked", "Transfer-Encoding: chunked\x1f", "Transfer-Encoding\xad: chunked", "Transfer\xadEncoding: chunked",
];
const LENGTHS = ["Content-Length: N ,N", "Content-Length: N\r\n N", "Content-Length\t: N", "Content_Length: N", "Content-Length: 0N", "Content-Length: N.0", "Content-Length: N\r", "Content-Length: \0N", "Content-Length:\r\nContent-Length: N", "Content-Length: N\r\nContent-Length : 0", "Content-Length: N\nContent-Length: 0", "content-length: N\r\nCONTENT-LENGTH: N", "Content-Length: 18446744073709551616", "Content-Length: 9223372036854775808", "Content-Length: N\x1f", "Content-Length: 1e1", "Content-Length: N, 0", "Content-Length: -0"];
const TARGETS = [
  "http://h.example:80@other.example/first", "http://h.example#x/first", "https://h.example/first", "h.example:80", "//h.example/first", "/first?a b", "http://h.example", "http:///first", "http:/first", "///first", "\\first", "/\\..\\first", "/first;/../x", "/%2e%2e/first", "?x", "*", "http://h.example?x", "http://H.EXAMPLE/first", "http://[::1]/first", "http://h.example:x/first", "http://h.example:99999/first",
  "http://h.example/first http://other.example/", "ftp://h.example/first", "/first\x01", "/first\x7f", "/first\x80", "/first%0", "/first%0d%0a%0d%0aGET%20/hidden", "/first\tx", "http://other.example@h.example/first", "http://h.example,other.example/first", "/first%20HTTP/1.1%0d%0aX:%20y", "/.%00/first", "/first/.%2e/%2e./first",
];
const HOSTS = ["", `${HOST}\r\n${HOST}`, `${HOST}\r\nHost: other.example`, "Host:", "Host : h.example", "Host:\th.example", " Host: h.example", `${HOST}\0`, `${HOST},other.example`, `${HOST} other.example`, `${HOST}/x`, `${HOST}@other.example`, `${HOST}:80:80`, "Host: [::1", "Host: H.EXAMPLE", `${HOST}.`, `${HOST}:0`, `${HOST}:`, `X: y\n${HOST}`, `X: y\r${HOST}`, `${HOST}\r\n other.example`, "Host: other.example@h.example", "Host: h.example%00", "Host: ..", "Host: -", "Host: h\x80.example", "X-Host: h.example", "Host\0: h.example"];
const METHODS = ["gET", "GET\0", "P@ST", "G", "G".repeat(3000), "GET,POST", "GET\x0b", "\x00GET", "HTTP/1.1", "PRI", "PROPFIND", "DEBUG", "TRACK", "POST\x7f", "GET:"];
const VERSIONS = ["HTTP/0.9", "HTTP/1.0", "HTTP/1.2", "HTTP/1.10", "HTTP/1", "HTTP/01.1", "HTTP/1.1x", "http/1.1", "HTTP/1.1\t", "HTTP/ 1.1", "HTTP/3.0", "HTTP/1.\xb1", "", "HTTP/-1.1", "HTTP/1,1", "ICY/1.1", "HTTP/1.1\0", "HTTP/1.1\r"];
const ASKED_OF_CONNECTION = [
  "Connection: Upgrade\r\nUpgrade: h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "Connection: Upgrade\r\nUpgrade: h2c, websocket", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c", "Connection: Upgrade\r\nUpgrade: H2C ", "Connection: Upgrade\r\nUpgrade: websocket, h2c;x", "Connection: Upgrade\r\nUpgrade: TLS/1.0", "Connection: Upgrade\r\nUpgrade: websocket",
  "Connection: Upgrade\r\nUpgrade: x\0h2c", "Connection: keep-alive, Host", "Connection: close, Content-Length", "Connection: \x0bclose", "Keep-Alive: timeout=0", "Proxy-Connection: Transfer-Encoding", "Expect: 100-continue", "Expect: 100-continue, x", "Expect: 100-Continue\r\nExpect: x", "Expect: 200-ok", "Expect:", "TE: trailers, chunked", "Upgrade: h2c", "Connection: Upgrade\r\nUpgrade:\th2c", "X-HTTP-Method-Override: DELETE",
];

export function smugglingForms(): readonly SmugglingForm[] {
  const forms: SmugglingForm[] = [];
  const add = (about: "body" | "head", what: string, make: (id: string) => string): void => {
    forms.push({ about, what, bytes: make(String(forms.length)) + LAST });
  };
  const post = (headers: readonly string[], body: string): string => `POST /first HTTP/1.1\r\n${[HOST, ...headers].map((one) => `${one.replaceAll("N", String(body.length))}\r\n`).join("")}\r\n${body}`;
  const CHUNKED = "Transfer-Encoding: chunked";
  for (const size of SIZES) add("body", `a chunk of size ${size}`, (id) => post([CHUNKED], `${size}\r\nhello\r\n${END}${hidden(id)}`));
  for (const end of ENDS) add("body", `chunks that end with ${end}`, (id) => post([CHUNKED], `5\r\nhello\r\n${end}${hidden(id)}`));
  for (const tail of TAILS) add("body", `a chunk that ends with ${tail}`, (id) => post([CHUNKED], `5\r\nhello${tail}${END}${hidden(id)}`));
  for (const coding of CODINGS) {
    for (const length of ["", "Content-Length: N", "Content-Length: 0"]) add("body", `${coding} | ${length}`, (id) => post([coding, length].filter(Boolean), `${END}${hidden(id)}`));
    add("body", `${coding} and chunks`, (id) => post([coding, CHUNKED], `${END}${hidden(id)}`));
  }
  for (const length of LENGTHS) {
    add("body", `${length} | a request as the body`, (id) => post([length], hidden(id)));
    add("body", `${length} | and chunks`, (id) => post([length, CHUNKED], `${END}${hidden(id)}`));
  }
  for (const [what, extension] of [["extension", ";x=".padEnd(10_000, "y")], ["long extension", ";x=".padEnd(200_000, "y")]] as const) add("body", `an oversized chunk ${what}`, (id) => post([CHUNKED], `5${extension}\r\nhello\r\n${END}${hidden(id)}`));
  for (const length of [10_000, 200_000]) add("body", `a trailer of ${length}`, (id) => post([CHUNKED], `0\r\nX: ${"y".repeat(length)}\r\n\r\n${hidden(id)}`));
  add("body", "5,000 chunks of one byte", (id) => post([CHUNKED], `${"1\r\nx\r\n".repeat(5000)}${END}${hidden(id)}`));
  add("body", "a body beyond the bound", (id) => post([`Content-Length: ${2 ** 31}`], hidden(id)));
  for (const target of TARGETS) add("head", `target ${target}`, (id) => `GET ${target} HTTP/1.1\r\n${HOST}\r\n\r\n${hidden(id)}`);
  for (const host of HOSTS) add("head", `host ${host}`, (id) => `GET /first HTTP/1.1\r\n${host}${host === "" ? "" : "\r\n"}\r\n${hidden(id)}`);
  for (const method of METHODS) add("head", `method ${method}`, (id) => `${method} /first HTTP/1.1\r\n${HOST}\r\n\r\n${hidden(id)}`);
  for (const version of VERSIONS) for (const more of ["", "Connection: keep-alive\r\n"]) add("head", `version ${version} ${more}`, (id) => `GET /first ${version}\r\n${HOST}\r\n${more}\r\n${hidden(id)}`);
  for (const coding of [CHUNKED, "Content-Length: N"]) add("body", `HTTP/1.0 with ${coding}`, (id) => post([coding, "Connection: keep-alive"], `${END}${hidden(id)}`).replace("HTTP/1.1", "HTTP/1.0"));
  for (const asked of ASKED_OF_CONNECTION) {
    add("head", `${asked} | no body`, (id) => `GET /first HTTP/1.1\r\n${HOST}\r\n${asked}\r\n\r\n${hidden(id)}`);
    add("body", `${asked} | a request as the body`, (id) => post([asked, "Content-Length: N"], hidden(id)));
    add("body", `${asked} | chunks`, (id) => post([asked, CHUNKED], `${END}${hidden(id)}`));
  }
  for (const length of [2000, 9000, 40_000]) {
    add("head", `a request line of ${length}`, (id) => `GET /first?${"x".repeat(length)} HTTP/1.1\r\n${HOST}\r\n\r\n${hidden(id)}`);
    add("head", `a header of ${length}`, (id) => `GET /first HTTP/1.1\r\n${HOST}\r\nX: ${"y".repeat(length)}\r\n\r\n${hidden(id)}`);
    add("head", `a header's name of ${length}`, (id) => `GET /first HTTP/1.1\r\n${HOST}\r\n${"X".repeat(length)}: y\r\n\r\n${hidden(id)}`);
    add("head", `headers of ${length} lines`, (id) => `GET /first HTTP/1.1\r\n${HOST}\r\n${"X: y\r\n".repeat(length / 10)}\r\n${hidden(id)}`);
    add("head", `a host of ${length}`, (id) => `GET /first HTTP/1.1\r\nHost: ${"a.".repeat(length / 2)}h.example\r\n\r\n${hidden(id)}`);
  }
  return forms;
}

/** All forms in HTTP/1.1. */
export function allForms(): readonly SmugglingForm[] {
  return [...http1Forms().map((form): SmugglingForm => ({ ...form, about: /\| chunks end|\| the same|as the body|^chunks /.test(form.what) ? "body" : "head" })), ...smugglingForms()];
}
