import assert from "node:assert/strict";
import { test } from "node:test";
import { carriesCookies, requestText, signinLocation, verdictOf } from "../../edge/src/external-auth.ts";
import type { ExternalAuth, RequestHeaders } from "../../edge/src/external-auth.ts";
import { parseTemplate } from "../../src/model/grammar/template.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  req_id: "abc", request_uri: "/cart?a=b", pass_access_scheme: "https", scheme: "http", http_host: "shop.example:8080",
  request_method: "POST", remote_addr: "192.0.2.1", full_x_forwarded_for: "198.51.100.7, 192.0.2.1", arg_next: "/a b\r\nX-Admin: yes",
};
const variable = (name: string): string | undefined => VARIABLES[name];

function auth(more: Partial<ExternalAuth> = {}): ExternalAuth {
  return { pool: "p", host: "auth.example", path: parseTemplate("/check"), ...more };
}

function sent(more: Partial<ExternalAuth>, headers: RequestHeaders = {}, asker = { trusted: false, certified: false }): string[] {
  const text = requestText(auth(more), variable, headers, asker);
  assert.ok(text.endsWith("\r\n\r\n"));
  return text.slice(0, -4).split("\r\n");
}

test("the service is told what is asked about", () => {
  assert.deepEqual(sent({}), [
    "GET /check HTTP/1.1",
    "Host: auth.example",
    "Connection: close",
    "X-Request-ID: abc",
    "X-Original-URL: http://shop.example:8080/cart?a=b",
    "X-Original-Method: POST",
    "X-Sent-From: nginx-ingress-controller",
    "X-Real-IP: 192.0.2.1",
    "X-Forwarded-For: 192.0.2.1",
    "X-Auth-Request-Redirect: /cart?a=b",
  ]);
});

test("it gets the client's headers, but for those of the connection, of the body, and those that are said anew", () => {
  const lines = sent({}, {
    Host: "shop.example", Cookie: "a=1", "X-Twice": ["1", "2"], Authorization: "Bearer x", "content-length": "5", "Transfer-Encoding": "chunked",
    Connection: "keep-alive", Upgrade: "websocket", Expect: "100-continue", TE: "trailers", "x-forwarded-proto": "https", "X-REAL-IP": "10.0.0.1",
    "x-original-url": "http://other/", "X-Original-Method": "GET", "X-Sent-From": "me", "x-auth-request-redirect": "/", "X-Request-Id": "mine", range: "bytes=0-1",
  });
  assert.deepEqual(lines.slice(10).sort(), ["Authorization: Bearer x", "Cookie: a=1", "X-Twice: 1", "X-Twice: 2", "range: bytes=0-1"]);
});

test("a method of its own brings the URI and the scheme", () => {
  const lines = sent({ method: "POST" });
  assert.equal(lines[0], "POST /check HTTP/1.1");
  for (const line of ["Content-Length: 0", "X-Original-URI: /cart?a=b", "X-Scheme: https"]) assert.ok(lines.includes(line), line);
});

test("headers of auth-proxy-set-headers come in place of others, empty ones not at all", () => {
  const headers: ExternalAuth["headers"] = [["X-Sent-From", parseTemplate("us")], ["Cookie", parseTemplate("")], ["X-Ip", parseTemplate("<$remote_addr>")]];
  const lines = sent({ headers }, { cookie: "a=1", "X-IP": "spoofed" });
  assert.deepEqual(lines.filter((line) => /^(x-sent-from|cookie|x-ip):/i.test(line)), ["X-Sent-From: us", "X-Ip: <192.0.2.1>"]);
});

test("a variable cannot end a line", () => {
  const lines = sent({ path: parseTemplate("/check?next=$arg_next"), headers: [["X-Next", parseTemplate("$arg_next")]] });
  assert.equal(lines[0], "GET /check?next=/a%20b%0D%0AX-Admin:%20yes HTTP/1.1");
  assert.equal(lines[1], "X-Next: /a b%0D%0AX-Admin: yes");
  assert.equal(signinLocation(parseTemplate("/in?rd=$arg_next"), variable), "/in?rd=/a%20b%0D%0AX-Admin:%20yes");
});

test("what is cached is asked for without conditions", () => {
  const headers = { "If-None-Match": "x", Range: "bytes=0-1", Accept: "*/*" };
  assert.equal(sent({}, headers).length, 13);
  assert.deepEqual(sent({ cache: { scope: "", key: parseTemplate(""), lifetimes: [] } }, headers).slice(10), ["Accept: */*"]);
});

test("a kept connection is not announced as closing, and the whole chain is passed on where that is wanted", () => {
  const lines = sent({ keepalive: { connections: 1, requests: 1, seconds: 1 }, wholeChain: true });
  assert.ok(!lines.includes("Connection: close"));
  assert.ok(lines.includes("X-Forwarded-For: 198.51.100.7, 192.0.2.1"));
});

test("2xx lets in, 401 and 403 are passed on, everything else is 500", () => {
  const verdicts = [200, 204, 299, 401, 403, 302, 400, 404, 500, 503].map(verdictOf);
  assert.deepEqual(verdicts, [0, 0, 0, 401, 403, 500, 500, 500, 500, 500]);
});

test("cookies go with successes and redirects, or always", () => {
  assert.deepEqual([200, 302, 401, 404, 500].map((status) => carriesCookies(auth(), status)), [true, true, false, false, false]);
  assert.equal(carriesCookies(auth({ alwaysSetCookie: true }), 401), true);
});
