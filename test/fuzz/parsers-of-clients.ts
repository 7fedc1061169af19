/** Parsers of what clients and backends send, and of what nginx logged of it. */
import assert from "node:assert/strict";
import { answerLifetime, variant, varies } from "../../edge/src/auth-cache.ts";
import { withoutPort } from "../../edge/src/asked-origin.ts";
import { canonicalName, isClaim } from "../../edge/src/claims.ts";
import { allowedOrigin, varyByOrigin } from "../../edge/src/cors.ts";
import { lastOf } from "../../edge/src/ewma.ts";
import { escapeBlanks, requestText, type ExternalAuth } from "../../edge/src/external-auth.ts";
import { isHostName } from "../../edge/src/host-name.ts";
import { joined, readHead, readNumber } from "../../edge/src/http-response.ts";
import { pathWithoutQuery } from "../../edge/src/journal.ts";
import { addressBytes, clientOf } from "../../edge/src/proxies.ts";
import { rewriteLocation, rewriteRefresh } from "../../edge/src/redirect-rewrite.ts";
import { httpsLocation, slashUri } from "../../edge/src/redirect.ts";
import { clip } from "../../edge/src/request-row.ts";
import { rewriteSetCookie } from "../../edge/src/set-cookie.ts";
import { backendKeyOf, understandsNone, upstreamKeyOf } from "../../edge/src/sticky.ts";
import { isTraceparent, traceRequest, traceparentOf } from "../../edge/src/trace.ts";
import streams, { choiceIn, nameInFile, recentFailures } from "../../edge/stream/endpoint.ts";
import { attemptList, attemptsOfLine, readLogLine, requestOfLine } from "../../src/explain/log-line.ts";
import { parseConnection } from "../../src/explain/connection.ts";
import { hostOfAuthority, parseRequest, readRequest } from "../../src/explain/request.ts";
import { explainedVariable } from "../../src/explain/variables.ts";
import { compileNetworks } from "../../src/model/grammar/networks.ts";
import { loggedRequest } from "../../src/replay/logged-request.ts";
import { UserError } from "../../src/support/user-error.ts";
import type { Parser } from "./parser.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nVary: Accept, X-A\r\nCache-Control: max-age=60, private\r\nSet-Cookie: a=b; Path=/\r\nConnection: close";
const FORMAT = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id';
const LOGGED = '192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /a?b=\\x22 HTTP/1.1" 200 5 "-" "curl/8" 80 0.001 [shop-web-80] [] 10.0.0.1:80, 10.0.0.2:80 5, 5 0.001, 0.002 502, 200 abc';
const TRUSTED = compileNetworks(["10.0.0.0/8", "2001:db8::/32"]);
const AUTH = { path: { texts: ["/check?", ""], names: ["request_uri"] }, host: "auth.example", cache: { lifetimes: [[0, 60]] } } as unknown as ExternalAuth;
/** Control characters of ASCII: the bytes above it are parts of UTF-8. */
const CONTROLS = /(?![\x80-\x9f])\p{Cc}/u;
const never = (): undefined => undefined;

const wrong = (read: () => unknown): void => {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof UserError, error as Error);
  }
};

export const OF_CLIENTS: readonly Parser[] = [
  {
    names: ["readHead", "readNumber"], seeds: [HEAD, "HTTP/1.0 404 Not Found\r\nTransfer-Encoding: chunked", "HTTP/1.1 200\r\nX: y"], longest: 32_768,
    take: (text) => {
      const latin1 = Buffer.from(text, "utf8").toString("latin1");
      readNumber(latin1);
      const head = readHead(latin1, false);
      if (head === undefined) return;
      assert.ok(head.status >= 100 && head.status <= 999 && head.length >= -1);
      for (const [name, value] of head.fields) assert.ok(/^[!#-'*+.^-z|~0-9-]+$/.test(name) && !/[\0\r\n]/.test(value), `${name}: ${value}`);
      assert.ok(head.fields.filter(([name]) => name === "content-length" || name === "transfer-encoding").every(([name], _, all) => all.every(([other]) => other === name)), "a length or chunks, not both");
      answerLifetime({ lifetimes: [[0, 60]] } as unknown as Parameters<typeof answerLifetime>[0], head, never);
      variant(varies(head), (name) => name);
      joined(head, "vary");
    },
  },
  {
    names: ["requestText"], seeds: ["/a?b", "x\r\nHost: y", "a\0b c"], longest: 32_768,
    take: (text) => {
      const latin1 = Buffer.from(text, "utf8").toString("latin1");
      const sent = requestText(AUTH, () => latin1, { "x-a": latin1, cookie: [latin1, "a=b"] }, { trusted: false, certified: false });
      const [line = "", ...rest] = sent.split("\r\n");
      assert.match(line, /^GET [^\0-\x20\x7f]* HTTP\/1\.1$/);
      assert.deepEqual(rest.slice(-2), ["", ""]);
      assert.equal(rest.indexOf(""), rest.length - 2, "one request, without a body");
      for (const header of rest.slice(0, -2)) assert.ok(/^[A-Za-z-]+: /.test(header) && !CONTROLS.test(header.replaceAll("\t", "")), header);
      escapeBlanks(latin1);
    },
  },
  // As nginx reads an address, which lets zeros stand before a number.
  { names: ["clientOf"], seeds: ["10.0.0.1, 192.0.2.7, 10.0.0.2", "2001:db8::1,unknown, 10.0.0.3", "_hidden, [::1]:80"], longest: 32_768, take: (text) => assert.notEqual(addressBytes(clientOf("10.9.9.9", text, TRUSTED)), undefined) },
  { names: ["rewriteSetCookie"], seeds: ["a=b; Domain=.old.example; Path=/old; Secure", "a=\"b;c\"; path = /old ;HttpOnly", "a; Path=/old"], longest: 32_768, take: (text) => void rewriteSetCookie(text, { domain: { from: "old.example", to: "new.example" }, path: { from: "/old", to: "/new" } }, never) },
  {
    names: ["rewriteLocation", "rewriteRefresh", "slashUri", "httpsLocation"], seeds: ["http://a.example/x?y", "5; url=http://a.example/", "/a?b/", "a.example:80"], longest: 32_768,
    take: (text) => {
      rewriteLocation(text, { from: "http://a", to: "b" }, never);
      rewriteRefresh(text, { from: "http://a", to: "b" }, never);
      slashUri(text);
      httpsLocation(text, text, false, 8443);
      withoutPort(text);
    },
  },
  {
    names: ["upstreamKeyOf", "backendKeyOf", "allowedOrigin", "lastOf", "clip"], seeds: ["1.2.3|abc", "|", "https://a.shop.example", "0.1, 0.2 : 0.3", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14) Safari"], longest: 32_768,
    take: (text) => {
      assert.ok(upstreamKeyOf(text)?.includes("|") !== true && backendKeyOf(text)?.includes("|") !== true);
      const allowed = allowedOrigin({ origins: [{ start: "https://", end: ".shop.example" }], headers: [] }, text);
      if (allowed !== undefined) assert.match(allowed, /^https:\/\/[a-z0-9-]+\.shop\.example$/i);
      lastOf(text);
      clip(text);
      understandsNone(text);
      varyByOrigin(text);
      pathWithoutQuery(text);
    },
  },
  { names: ["isHostName", "canonicalName", "isClaim"], seeds: ["shop.example", "[::1]", "x@y", "X_Forwarded.For"], longest: 32_768, take: (text) => (isHostName(text), assert.match(canonicalName(text), /^[a-z0-9-]*$/), isClaim(text)) },
  {
    names: ["isTraceparent", "traceRequest"], seeds: ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"], longest: 32_768,
    take: (text) => {
      if (isTraceparent(text)) assert.match(text, /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/);
      assert.match(traceparentOf(traceRequest(text, { parentBased: true, ratio: 1 } as unknown as Parameters<typeof traceRequest>[1], () => 1)), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    },
  },
  {
    names: ["choiceIn", "nameInFile", "recentFailures", "the way of a connection by its ClientHello's name"], seeds: ["shop.example", "\ntls shop.example\tflow\t10.0.0.1:80 10.0.0.2:80\n", "1000 10.0.0.1:80\n2000 10.0.0.2:80\n"], longest: 65_536,
    take: (text) => {
      const name = nameInFile(text);
      assert.match(name, /^[a-z0-9._-]{0,253}$/);
      choiceIn(text, "tls shop.example");
      recentFailures(text, 5000);
      const session = { variables: { ssl_preread_server_name: text, sluice_sockets: "/nowhere", sluice_endpoints: "/nowhere", sluice_listener: text }, allow: () => {}, deny: () => {} };
      assert.equal(streams.way(session), "unix:/nowhere/https.sock", "a name that no file has is http's");
    },
  },
  {
    names: ["readRequest", "parseRequest", "parseConnection"], seeds: ["http://shop.example/a%20b?c", "https://user:x@[::1]:8443/../a//b/%2e%2e/", "tcp://127.0.0.1:9000", "udp://:53"],
    take: (text) => {
      wrong(() => {
        const request = parseRequest(text, [`Cookie: ${text.replace(/[\0\r\n]/g, "")}`, "X: y"]);
        assert.ok(request.path.startsWith("/") && !request.path.split("/").includes(".."));
        for (const name of ["cookie_a", "arg_a", "http_x", "args", "uri", "request_uri", "http_cookie"]) explainedVariable(request, name);
      });
      wrong(() => readRequest("http://x/", [text]));
      wrong(() => parseConnection(text));
      hostOfAuthority(text);
    },
  },
  {
    names: ["readLogLine", "requestOfLine"], seeds: [LOGGED, LOGGED.replace("10.0.0.1:80, ", "")], longest: 65_536,
    take: (text) => {
      for (const escaping of ["default", "json", "none"] as const) {
        const facts = readLogLine(text, FORMAT, escaping);
        if (facts) attemptsOfLine(facts);
        const asked = loggedRequest(text, { format: FORMAT, escaping, host: "shop.example", methods: ["GET"], headers: [] });
        if (typeof asked !== "string") assert.ok(/^\/[\x21-\x7e\x80-\xff]*$/.test(asked.target) && /^[\x21-\x7e]+$/.test(asked.host));
      }
      attemptList(text);
      requestOfLine({ request: text });
    },
  },
];
