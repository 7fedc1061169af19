import assert from "node:assert/strict";
import { test } from "node:test";
import { admission, isClientHeader, shownStatus, verdict, type ClientAuth } from "../../edge/src/client-auth.ts";
import { decide } from "../../edge/src/match.ts";
import { asked, host, route, tablesWith } from "./routes.ts";

const SELF_SIGNED = 18;
const REVOKED = 23;
const handshake = { context: "c" };
const auth = (mode: ClientAuth["mode"], more: Partial<ClientAuth> = {}): ClientAuth => ({ mode, depth: 1, trust: "t", ...more });

test("what nginx makes of OpenSSL's result", () => {
  const all = (result: number, presented: boolean): number[] =>
    (["on", "optional", "optional_no_ca"] as const).map((mode) => verdict(mode, result, presented));
  assert.deepEqual(all(0, true), [0, 0, 0]);
  assert.deepEqual(all(0, false), [496, 0, 0]);
  assert.deepEqual(all(REVOKED, true), [495, 495, 495]);
  for (const unknownIssuer of [SELF_SIGNED, 19, 20, 21, 27]) assert.deepEqual(all(unknownIssuer, true), [495, 495, 0]);
  assert.deepEqual([495, 496, 403, 421].map(shownStatus), [400, 400, 403, 421]);
});

test("a request over TLS must have had the host's own handshake", () => {
  const over = (variables: Record<string, string>, mode: ClientAuth["mode"] = "on"): number =>
    admission(auth(mode), mode === "off" ? undefined : handshake, asked({ https: "on", ssl_client_verify: "SUCCESS", ...variables }));
  assert.equal(over({ context: "c" }), 0);
  assert.equal(over({ context: "other" }), 421);
  assert.equal(over({}), 421);
  assert.equal(over({ context: "other" }, "optional_no_ca"), 421);
  assert.equal(over({}, "off"), 0);
  assert.equal(over({ context: "c", ssl_client_verify: "NONE" }), 496);
  assert.equal(over({ context: "c", result: "10" }), 495);
  assert.equal(admission(auth("on"), undefined, asked({ https: "on", ssl_client_verify: "SUCCESS" })), 421);
});

test("plain http is not verified, but has no name that could match; a host that is refused lets nobody in", () => {
  assert.equal(admission(auth("on"), handshake, asked()), 0);
  assert.equal(admission(auth("on", { matchCn: "CN=a" }), handshake, asked()), 403);
  assert.equal(admission(auth("refused"), undefined, asked()), 403);
  assert.equal(admission(auth("refused"), handshake, asked({ https: "on", context: "c", ssl_client_verify: "SUCCESS" })), 403);
});

test("the subject must match; a pattern that cannot be run matches nobody", () => {
  const named = (ssl_client_s_dn: string, matchCn: string): number =>
    admission(auth("on", { matchCn }), handshake, asked({ https: "on", context: "c", ssl_client_verify: "SUCCESS", ssl_client_s_dn }));
  assert.equal(named("CN=alice,O=shop", "CN=(alice|bob)"), 0);
  assert.equal(named("CN=Alice,O=shop", "CN=(alice|bob)"), 403);
  assert.equal(named("CN=alice", "("), 403);
});

test("the matcher asks before it looks for a route, and redirects to the page when there is one", () => {
  const decided = (clients: ClientAuth, variables: Record<string, string> = {}): object => {
    const one = { ...host("x.example", { "/": route("a", { https: "always" }) }), special: { handshake, clients } };
    const { status, redirect, route: found } = decide(tablesWith([one], ["a"]), asked(variables), "x.example", "/", true);
    return { status, redirect, found: found !== undefined };
  };
  const https = { https: "on", context: "c", ssl_client_verify: "NONE" };
  assert.deepEqual(decided(auth("on"), https), { status: 496, redirect: undefined, found: false });
  assert.deepEqual(decided(auth("on", { errorPage: "https://e.example" }), https), { status: 302, redirect: "certificate", found: false });
  assert.deepEqual(decided(auth("on", { errorPage: "https://e.example" }), { ...https, context: "d" }), { status: 421, redirect: undefined, found: false });
  assert.deepEqual(decided(auth("refused", { errorPage: "https://e.example" }), https), { status: 403, redirect: undefined, found: false });
  assert.deepEqual(decided(auth("optional"), https), { status: 0, redirect: undefined, found: true });
});

test("headers that only Sluice may set, however they are spelled", () => {
  for (const name of ["ssl-client-verify", "SSL-Client-Cert", "ssl_client_subject_dn", "Ssl-client_Issuer-dn"]) assert.equal(isClientHeader(name), true, name);
  for (const name of ["ssl", "ssl-client", "ssl-client-certs", "x-ssl-client-cert", "ssl-client-other", ""]) assert.equal(isClientHeader(name), false, name);
});
