/** Requests that mean different things to different readers, in HTTP/1.1 and HTTP/2: each hides a second request. */
import type { Field } from "./raw-http2.ts";

/** An HTTP/1.1 request, and what is odd about it. */
export interface Form {
  readonly what: string;
  readonly bytes: string;
}

/** The hidden request, with `id` in its path. */
export const hidden = (id: string): string => `GET /hidden-${id} HTTP/1.1\r\nHost: h.example\r\n\r\n`;
const LAST = "GET /last HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n";

/** Values of Content-Length; `N` stands for the length of the body. */
const LENGTHS = ["", "N", "0", "+N", "-1", "N, N", "N\r\nContent-Length: N", "N\r\nContent-Length: 0", "0xN", "N\x0b", "", "99999999999999999999", "N;", "N N"];
const CODINGS = [
  "Transfer-Encoding: chunked", "Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Transfer_Encoding: chunked", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding: chunKed", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked\0", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding\0: chunked",
];
const CHUNKS = [
  "5;x=y\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n", "005\r\nhello\r\n0\r\n\r\n",
  "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "5\r\nhello0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "5;\nx\r\nhello\r\n0\r\n\r\n",
  "0\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\n\r", "\r\n5\r\nhello\r\n0\r\n\r\n", "5\r\n\r\nhello\r\n0\r\n\r\n", "0;\0\r\n\r\n", "g\r\n\r\n",
];
const LINES = [
  "GET /first", "GET  /first HTTP/1.1", "GET /first HTTP/1.1 ", "GET /first  HTTP/1.1", "GET\t/first\tHTTP/1.1", "get /first HTTP/1.1", "G:T /first HTTP/1.1", "GET /first HTTP/1.0", "GET /first HTTP/2.0",
  "GET /first HTTP/11.1", "GET /first\0x HTTP/1.1", "GET /first%00 HTTP/1.1", "GET /first%0d%0aX:%20y HTTP/1.1", "GET /first#x HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
  "CONNECT h.example:80 HTTP/1.1", "TRACE /first HTTP/1.1", "GET http://h.example/first HTTP/1.1", "GET http://other.example/first HTTP/1.1", "GET //first HTTP/1.1", "GET /a/../first HTTP/1.1",
  "GET /../first HTTP/1.1", "GET first HTTP/1.1", "\r\nGET /first HTTP/1.1", "\nGET /first HTTP/1.1", "GET /first HTTP/1.1\nX: y", "GET /first\rX HTTP/1.1", "PRI * HTTP/2.0", "GET /f\xffrst HTTP/1.1",
];

/** Each ends with one more request, after which the server closes. */
export function http1Forms(): readonly Form[] {
  const forms: Form[] = [];
  const add = (what: string, make: (id: string) => string): void => {
    forms.push({ what, bytes: make(String(forms.length)) + LAST });
  };
  const post = (headers: readonly string[], body: string): string => {
    const lines = headers.filter((one) => one !== "").map((one) => `${one.replaceAll("N", String(body.length))}\r\n`);
    return `POST /first HTTP/1.1\r\nHost: h.example\r\n${lines.join("")}\r\n${body}`;
  };
  for (const length of LENGTHS) {
    const said = length === "" ? "" : `Content-Length: ${length}`;
    for (const coding of ["", ...CODINGS]) {
      add(`${said} | ${coding} | chunks end, then a request`, (id) => post([said, coding], `0\r\n\r\n${hidden(id)}`));
      if (coding !== "" && (length === "N" || length === "0")) add(`${coding} | ${said} | the same in the other order`, (id) => post([coding, said], `0\r\n\r\n${hidden(id)}`));
    }
    add(`${said} | a request as the body`, (id) => post([said], hidden(id)));
  }
  for (const chunks of CHUNKS) add(`chunks ${chunks}`, (id) => post(["Transfer-Encoding: chunked"], chunks + hidden(id)));
  for (const line of LINES) add(`line ${line}`, (id) => `${line}\r\nHost: h.example\r\nX-Hidden: a\r\n\r\n${hidden(id)}`);
  for (const header of ["X y: z", "X\0: z", "X: a\0b", ": z", "X", "X:\r\n folded", "X : y", "\tX: y", "X: y\r", "Host: other.example", "Expect: 100-continue", "Expect: x", "Connection: Transfer-Encoding, Content-Length", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA"]) {
    add(`header ${header}`, (id) => `GET /first HTTP/1.1\r\nHost: h.example\r\n${header}\r\nContent-Length: ${hidden(id).length}\r\n\r\n${hidden(id)}`);
  }
  return forms;
}

export interface Http2Form {
  readonly what: string;
  readonly fields: readonly Field[];
  /** Absent: the headers end the stream. */
  readonly body?: string;
}

const GET: readonly Field[] = [[":method", "GET"], [":scheme", "https"], [":authority", "h.example"], [":path", "/first"]];
const POST: readonly Field[] = [[":method", "POST"], ...GET.slice(1)];

export function http2Forms(): readonly Http2Form[] {
  const forms: Http2Form[] = [];
  const add = (what: string, fields: readonly Field[], body?: (id: string) => string): void => {
    forms.push({ what, fields, ...(body ? { body: body(`h2-${forms.length}`) } : {}) });
  };
  const change = (name: string, value: string): readonly Field[] => GET.map((field) => (field[0] === name ? [name, value] : field));
  add("plain", GET);
  for (const [name] of GET) {
    add(`without ${name}`, GET.filter((field) => field[0] !== name));
    add(`${name} twice`, [...GET, ...GET.filter((field) => field[0] === name)]);
    add(`${name} empty`, change(name, ""));
  }
  for (const value of ["GET /x HTTP/1.1\r\nX: y", "GET\r\n", "g t", "GET\0"]) add(`:method ${value}`, change(":method", value));
  for (const value of ["/x HTTP/1.1\r\nHost: y\r\n\r\nGET /hidden HTTP/1.1", "/x y", "/x\r\n", "/x\0", "x", "*", "http://other.example/", "/x#y", "/\xff"]) add(`:path ${value}`, change(":path", value));
  for (const value of ["h.example\r\nX: y", "h.example:x", "user@h.example", "h .example", "h.example\0", "h.example/"]) add(`:authority ${value}`, change(":authority", value));
  for (const value of ["http", "ftp", "https\r\n", "x y"]) add(`:scheme ${value}`, change(":scheme", value));
  for (const field of [
    ["transfer-encoding", "chunked"], ["connection", "close"], ["upgrade", "h2c"], ["te", "gzip"], ["te", "trailers"], ["keep-alive", "x"], ["proxy-connection", "x"], ["host", "other.example"], ["host", ""],
    ["X-Upper", "y"], ["x y", "z"], ["x:y", "z"], ["x\r\ny", "z"], ["x\0", "z"], ["", "z"], ["x", "a\r\nTransfer-Encoding: chunked"], ["x", "a\nb"], ["x", "a\rb"], ["x", "a\0b"], ["x", " a "], [":unknown", "x"], [":status", "200"],
    ["cookie", "a\r\nb"], ["content-length", "x"], ["content-length", "-1"],
  ] as const) add(`field ${field.join(" = ")}`, [...GET, field]);
  add("a pseudo field last", [...GET.slice(0, 3), ["x", "y"], ...GET.slice(3)]);
  for (const length of ["0", "5", "99999", "N, N", "1x", "+N", ""]) {
    add(`content-length ${length}`, [...POST, ["content-length", length]], (id) => `0\r\n\r\n${`GET /hidden-${id} HTTP/1.1\r\nHost: h.example\r\n\r\n`}`);
    add(`content-length ${length} and transfer-encoding`, [...POST, ["content-length", length], ["transfer-encoding", "chunked"]], (id) => `0\r\n\r\n${hidden(id)}`);
  }
  add("chunks in the body", POST, (id) => `0\r\n\r\n${hidden(id)}`);
  return forms;
}
