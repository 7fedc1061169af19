import assert from "node:assert/strict";
import { test } from "node:test";
import { keyText, lifetimes, parseAuthUrl, responseHeaderNames, urlText, urlWithVariables } from "../../src/model/grammar/external-auth-types.ts";
import { externalAuth } from "../../src/model/annotations/features/external-auth.ts";
import { guardOf } from "../../src/model/annotations/features/external-auth-guard.ts";
import { annotationsByName, defaultValues } from "../../src/model/annotations/table.ts";
import { templateText } from "../../src/model/grammar/template.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";

test("a URL is taken apart", () => {
  assert.deepEqual(parseAuthUrl("http://auth.sso.svc.cluster.local"), { tls: false, host: "auth.sso.svc.cluster.local", port: 80, path: "/" });
  assert.deepEqual(parseAuthUrl("HTTPS://Auth.example:8443/a?u=$request_uri"), { tls: true, host: "auth.example", port: 8443, path: "/a?u=$request_uri" });
  assert.deepEqual(parseAuthUrl("http://10.0.0.1?x"), { tls: false, host: "10.0.0.1", port: 80, path: "/?x" });
  assert.deepEqual(parseAuthUrl("https://[2001:db8::1]:444/a#b"), { tls: true, host: "2001:db8::1", port: 444, path: "/a" });
});

test("what is no URL of a service is refused", () => {
  for (const bad of [
    "auth.example", "//auth.example", "ftp://auth.example", "unix:/run/x.sock", "http://unix:/run/x.sock:/", "http:///check", "http://", "http://:80/",
    "http://a..b/", "http://$hosts/", "http://auth.$namespace.svc/", "http://auth:$port/", "http://auth.example:0/", "http://auth.example:65536/",
    "http://auth.example:80:81/", "http://user@auth.example/", "http://auth.example/a b", "http://auth.example/\r\nHost: x", "http://[::1", "http://[x]/",
    'http://auth.example;}', "",
  ]) {
    const parsed = parseAuthUrl(bad);
    // This URL is an exception: its host is no DNS name, which is refused later, where the name is resolved.
    assert.ok(typeof parsed === "string" || bad === "http://auth.example;}", bad);
  }
});

test("character sets are ingress-nginx's", () => {
  for (const bad of ['http://a/"', "http://a/;", "http://a/{", "http://a/\n", "http://a/%41", "http://a/#b", "http://u@a/"]) {
    assert.equal(urlWithVariables.parse(bad), undefined, bad);
  }
  assert.ok(urlWithVariables.parse("http://a/$b"));
  assert.equal(urlText.parse("/$b"), undefined);
  assert.ok(keyText.parse("$remote_user${http_cookie}-x"));
  assert.equal(keyText.parse("$remote_user;"), undefined);
});

test("lifetimes are nginx's, each status with its time", () => {
  assert.deepEqual(lifetimes.parse("200 202 5m, 401 10s")?.value, [[200, 300], [202, 300], [401, 10]]);
  assert.deepEqual(lifetimes.parse("1h")?.value, [[200, 3600], [301, 3600], [302, 3600]]);
  assert.deepEqual(lifetimes.parse("any 500ms,")?.value, [[0, 0.5]]);
  for (const bad of ["200", "5m 200", "200 5m 10m", "foo 5m", "200 5x", "99 5m", "600 5m", ",", "200 -5m", "200 5"]) assert.equal(lifetimes.parse(bad), undefined, bad);
  for (const text of ["200 202 401 5m", "any 500ms", "301 90s", "200 2d", "403 0s"]) {
    const { value } = lifetimes.parse(text) ?? {};
    assert.ok(value);
    assert.deepEqual(lifetimes.parse(lifetimes.format(value))?.value, value);
  }
});

test("response headers are names, and never those of the connection", () => {
  assert.deepEqual(responseHeaderNames.parse("X-User, x_mail,,X-User")?.value, ["X-User", "x_mail"]);
  assert.deepEqual(responseHeaderNames.parse(",")?.value, []);
  for (const bad of ["X User", "X-User;", "Content-Length", "x, transfer-encoding", "Host", "é"]) assert.equal(responseHeaderNames.parse(bad), undefined, bad);
});

test("the way back is a parameter of the sign-in page, unless that has it", () => {
  const rest = { url: "http://auth.example", lifetimes: [], responseHeaders: [], alwaysSetCookie: false, headers: [], field: "", effect: "" };
  const signin = (text: string, redirectParam: string): string => {
    const guard = guardOf({ ...rest, signin: text, redirectParam }, DEFAULT_CONFIG);
    assert.ok(typeof guard === "object" && guard.edge.signin);
    return templateText(guard.edge.signin);
  };
  const back = "${pass_access_scheme}://${http_host}${escaped_request_uri}";
  assert.equal(signin("https://in.example", "rd"), `https://in.example?rd=${back}`);
  assert.equal(signin("/in?a=b", "next"), `/in?a=b&next=${back}`);
  assert.equal(signin("/in?rd=", "rd"), `/in?rd=&rd=${back}`);
  assert.equal(signin("/in?rd=/home", "rd"), "/in?rd=/home");
  assert.equal(signin("/in?rd=$request_uri", "rd"), "/in?rd=${request_uri}");
});

test("numbers of auth-keepalive below 0 are 0", () => {
  const row = annotationsByName.get("auth-keepalive");
  assert.ok(row?.status === "honoured");
  const values = defaultValues(DEFAULT_CONFIG);
  const read = (text: string): number | undefined => {
    const { values: after, problem } = row.read(values, text, DEFAULT_CONFIG);
    return problem === "invalid" ? undefined : externalAuth.of(after).keepalive;
  };
  assert.deepEqual(["-5", "0", "32", "100000", "-x", "1.5"].map(read), [0, 0, 32, 65535, undefined, undefined]);
});
