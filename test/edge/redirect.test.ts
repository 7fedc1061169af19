import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../edge/src/match.ts";
import type { EdgeHost, EdgeRoute } from "../../edge/src/program.ts";
import { httpsLocation, locationOf, slashUri } from "../../edge/src/redirect.ts";
import { asked, host, route, tablesWith } from "./routes.ts";

test("the slash goes before the query", () => {
  assert.equal(slashUri("/foo"), "/foo/");
  assert.equal(slashUri("/foo?a=/b?c"), "/foo/?a=/b?c");
});

const VARIABLES = { scheme: "http", host: "x.example", own_http_host: "X.example:81", request_uri: "/a/?b=/", server_port: "81" };

function led(one: EdgeHost | EdgeRoute, variables: Readonly<Record<string, string>> = {}, path = "/a/", forwardedProto = false): string | undefined {
  const tables = tablesWith(["path" in one ? host("x.example", { "/": one }) : one], ["a"]);
  tables.settings = { ...tables.settings, redirectCode: 308, forwardedProto };
  const request = asked({ ...VARIABLES, ...variables });
  return locationOf(decide(tables, request, "x.example", path, false), tables.settings, request);
}

test("no location for what is no redirect", () => {
  assert.equal(led(route("a")), undefined);
  assert.equal(led(route("", { respond: 503 })), undefined);
});

test("a redirect within the host: whole, with its port, or the path alone", () => {
  const slash = { slash: true };
  assert.equal(led(route("a", slash)), "http://x.example/a//?b=/");
  assert.equal(led(route("a", { ...slash, redirectPort: 444 })), "http://x.example:81/a//?b=/");
  assert.equal(led(route("a", { ...slash, redirectPort: 444 }), { server_port: "80" }), "http://x.example/a//?b=/");
  assert.equal(led(route("a", { ...slash, redirectPort: 444 }), { server_port: "443", scheme: "https" }), "https://x.example/a//?b=/");
  assert.equal(led(route("a", { ...slash, redirectPort: 444, relative: true })), "/a//?b=/");
});

test("a URL is as the Ingress writes it; a path is one of the host", () => {
  const to = (url: string, more = {}): string | undefined => led(route("a", { detour: { redirect: { status: 301, url } }, ...more }));
  assert.equal(to("https://other.example/x"), "https://other.example/x");
  assert.equal(to("other.example"), "other.example");
  assert.equal(to("/x"), "http://x.example/x");
  assert.equal(to("/x", { relative: true }), "/x");
});

test("the app root is the host's as the client calls it, and only for /", () => {
  const one: EdgeHost = { ...host("x.example", { "/": route("a") }), special: { appRoot: "/app" } };
  assert.equal(led(one, {}, "/"), "http://X.example:81/app");
  assert.equal(led(one), undefined);
});

test("from another name to the host's own: without a slash, with a port that is not the scheme's", () => {
  const one = host("x.example", { "/": route("a") });
  const named = (variables: Readonly<Record<string, string>>, forwardedProto = false): string | undefined => {
    const tables = tablesWith([one], ["a"]);
    tables.aliases.exact["www.x.example"] = { host: "x.example", redirect: true };
    tables.settings = { ...tables.settings, redirectCode: 308, forwardedProto };
    const request = asked({ ...VARIABLES, ...variables });
    const decision = decide(tables, request, "www.x.example", "/a/", false);
    assert.equal(decision.status, 308);
    return locationOf(decision, tables.settings, request);
  };
  assert.equal(named({}), "http://x.example:81/a/?b=");
  assert.equal(named({ server_port: "80", request_uri: "/a/" }), "http://x.example/a");
  assert.equal(named({ server_port: "443", scheme: "https", request_uri: "/" }), "https://x.example");
  const forwarded = { http_x_forwarded_proto: "https", request_uri: "/a" };
  assert.equal(named(forwarded), "http://x.example:81/a", "not believed");
  assert.equal(named(forwarded, true), "https://x.example/a");
  assert.equal(named({ ...forwarded, http_x_forwarded_port: "8443" }, true), "https://x.example:8443/a");
  assert.equal(named({ ...forwarded, http_x_forwarded_port: "443/evil" }, true), "https://x.example/a");
  assert.equal(named({ ...forwarded, http_x_forwarded_proto: "javascript" }, true), "https://x.example/a");
});

test("https names its port where it is told to", () => {
  assert.equal(led(route("a", { https: "always", redirectPort: 8443 })), "https://X.example:8443/a/?b=");
});

test("the port goes, an IPv6 address stays", () => {
  assert.equal(httpsLocation("shop.example:8080", "/a", false), "https://shop.example/a");
  assert.equal(httpsLocation("Shop.Example", "/a", false), "https://Shop.Example/a");
  assert.equal(httpsLocation("[::1]:8080", "/a", false), "https://[::1]/a");
  assert.equal(httpsLocation("[::1]", "/a", false), "https://[::1]/a");
});

test("one trailing slash goes unless it is to be kept", () => {
  assert.equal(httpsLocation("x", "/", false), "https://x");
  assert.equal(httpsLocation("x", "/a//", false), "https://x/a/");
  assert.equal(httpsLocation("x", "/a/?b=/", false), "https://x/a/?b=");
  assert.equal(httpsLocation("x", "/a/", true), "https://x/a/");
});
