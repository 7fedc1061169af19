/** A line of a log becomes one request for a path, or nothing: whatever was logged, no byte of it ends a line or names another place. */
import assert from "node:assert/strict";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { test } from "node:test";
import fc from "fast-check";
import { LONGEST_LINE, logLines } from "../../src/replay/log-lines.ts";
import { loggedRequest, type LineRules } from "../../src/replay/logged-request.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { runs } from "../support/runs.ts";

const USUAL: LineRules = { format: DEFAULT_CONFIG.logFormatUpstream, escaping: "default", host: "given.example", methods: ["GET", "HEAD"], headers: [] };
const JSON_LINES: LineRules = { ...USUAL, format: '{"host":"$host","scheme":"$scheme","uri":"$request_uri","method":"$request_method","agent":"$http_user_agent"}', escaping: "json" };
const usual = (request: string, agent = "curl"): string => `192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] "${request}" 200 5 "-" "${agent}" 80 0.001 [shop-web-80] [] 10.0.0.1:80 5 0.001 200 abc`;

test("the usual line: method, target, headers; the host is the one that is given", () => {
  assert.deepEqual(loggedRequest(usual("GET /cart?a=%20b HTTP/1.1", "a \\x22b\\x22 \\xE4"), USUAL), {
    method: "GET", https: false, host: "given.example", target: "/cart?a=%20b", headers: new Map([["user-agent", ['a "b" \xe4']]]),
  });
  assert.equal(loggedRequest(usual("GET /cart HTTP/1.1"), { ...USUAL, host: "" }), "host");
  assert.equal(loggedRequest(usual("POST /cart HTTP/1.1"), USUAL), "method");
  assert.equal(loggedRequest("I1010 13:55:36.000000 1 main.go:12] started", USUAL), "format");
});

test("JSON lines name host and scheme; headers by hand replace those of the log", () => {
  const line = '{"host":"Shop.example","scheme":"https","uri":"/a","method":"HEAD","agent":"x"}';
  assert.deepEqual(loggedRequest(line, { ...JSON_LINES, headers: ["User-Agent: y", "X-A: 1", "X-A: 2"] }), {
    method: "HEAD", https: true, host: "shop.example", target: "/a", headers: new Map([["user-agent", ["y"]], ["x-a", ["1", "2"]]]),
  });
});

test("hostile targets: a proxy's form becomes a path, everything else that is no path is not sent", () => {
  const target = (text: string): unknown => {
    const read = loggedRequest(usual(`GET ${text} HTTP/1.1`), USUAL);
    return typeof read === "string" ? read : [read.host, read.target];
  };
  assert.deepEqual(target("//evil.example/x"), ["given.example", "//evil.example/x"]);
  assert.deepEqual(target("http://evil.example:81/x?y"), ["evil.example", "/x?y"]);
  assert.deepEqual(target("HTTPS://Evil.example"), ["evil.example", "/"]);
  assert.deepEqual(target("http://evil.example?y"), ["evil.example", "/?y"]);
  for (const text of ["http://user@evil.example/", "ftp://evil.example/", "file:///etc/passwd", "javascript:alert(1)", "evil.example:443", "*", "\\\\evil.example\\x", "?x", "/a\\x0D\\x0AX-Evil:1", "/a\\x00", "/a\\x7F", "http:///x", "unix:/run/x.sock"]) {
    assert.ok(["unsendable", "request"].includes(String(target(text))), `${text} → ${JSON.stringify(target(text))}`);
  }
  assert.equal(loggedRequest(usual("CONNECT evil.example:443 HTTP/1.1"), USUAL), "method");
  assert.equal(loggedRequest(usual("\\x16\\x03\\x01\\x02"), USUAL), "request");
});

test("escapes of JSON bring no line break into a host, a target or a header", () => {
  const line = (fields: Readonly<Record<string, string>>): string => JSON.stringify({ host: "shop.example", scheme: "http", uri: "/", method: "GET", agent: "x", ...fields });
  for (const fields of [
    { host: "shop.example\r\nX-Evil: 1" }, { host: "shop example" }, { uri: "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /two" }, { uri: "/\u4e2d" }, { agent: "x\r\nX-Evil: 1" }, { agent: "x\nb" }, { agent: "\u4e2d" }, { agent: "a\u0000b" },
  ]) assert.equal(loggedRequest(line(fields), JSON_LINES), "unsendable", JSON.stringify(fields));
  assert.equal(loggedRequest(line({ method: "GET\r\nX-Evil: 1" }), JSON_LINES), "method");
});

test("headers of the connection, and lengths of bodies that are not there, stay behind", () => {
  const names = ["host", "connection", "content_length", "transfer_encoding", "upgrade", "expect", "te", "accept_encoding", "proxy_connection", "x_kept"];
  const format = `$host $request_uri ${names.map((name) => `$http_${name}`).join(" ")}`;
  const read = loggedRequest(`shop.example / ${names.map(() => "value").join(" ")}`, { ...USUAL, format });
  assert.deepEqual(typeof read === "string" ? read : [...read.headers.keys()], ["x-kept"]);
});

test("whatever is logged, what comes out can be sent, and goes nowhere else", () => {
  const piece = fc.constantFrom("\r\n", "\n", "\0", "http://", "//", "evil", "/", " ", "\\x0d\\x0a", "\\u000d", '"', "\\", "HTTP/1.1", ":", "@", "é", "中", "a");
  const text = fc.oneof(fc.string(), fc.array(piece, { maxLength: 12 }).map((all) => all.join("")));
  fc.assert(fc.property(text, text, text, fc.boolean(), (host, uri, agent, json) => {
    const line = json ? JSON.stringify({ host, scheme: "http", uri: `/${uri}`, method: "GET", agent }) : usual(`GET ${uri} HTTP/1.1`, agent);
    const read = loggedRequest(Buffer.from(line).toString("latin1"), json ? JSON_LINES : USUAL);
    if (typeof read === "string") return;
    assert.match(read.target, /^\/[\x21-\xff]*$/);
    assert.match(read.host, /^[\x21-\x7e]+$/);
    for (const [name, values] of read.headers) {
      validateHeaderName(name);
      for (const value of values) validateHeaderValue(name, value);
    }
  }), { numRuns: runs(20_000) });
});

async function linesOf(...chunks: readonly string[]): Promise<readonly (string | undefined)[]> {
  const all: (string | undefined)[] = [];
  async function* pieces(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  for await (const line of logLines(pieces())) all.push(line);
  return all;
}

test("lines, cut anywhere; one without end costs no memory", async () => {
  assert.deepEqual(await linesOf("a\nb", "b\r", "\n\n\r\nc"), ["a", "bb", "c"]);
  const half = "x".repeat(LONGEST_LINE);
  assert.deepEqual(await linesOf("a\n", half, half, half, "\nb\n"), ["a", undefined, "b"]);
  assert.deepEqual(await linesOf(half, half), [undefined]);
  assert.deepEqual(await linesOf(`${half}${half}\nb`), [undefined, "b"]);
  assert.deepEqual(await linesOf("é\n"), ["Ã©"]);
});
