/** auth-url with the host that the client asks for, as ingress-nginx's documentation has it for oauth2-proxy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { build, expectFindings } from "../support/build.ts";
import { ingress, service, slice } from "../support/objects.ts";

const web = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];
const FIELD = "metadata.annotations[nginx.ingress.kubernetes.io/auth-url]";

/** Host → the pool that is asked about its requests; "": nobody, and the requests get 503. */
function asked(url: string, ...hosts: readonly string[]): Readonly<Record<string, string>> {
  const draft = hosts.reduce((made, host) => made.host(host).path("/", "web:80"), ingress("shop/web")).annotate("auth-url", url);
  const { model } = build(draft, ...web);
  return Object.fromEntries(hosts.map((host) => [host, model.hosts.get(host === "" ? "_" : host)?.routes.find(({ path }) => path === "/")?.filters.edge?.externalAuth?.pool ?? "none"]));
}

test("each host of the Ingress asks the service at its own name", () => {
  for (const variable of ["$host", "$http_host", "$best_http_host", "$server_name"]) {
    assert.deepEqual(asked(`https://${variable}/oauth2/auth`, "a.example", "b.example"), { "a.example": "target:a.example:443", "b.example": "target:b.example:443" }, variable);
  }
  assert.deepEqual(asked("http://$host:4180/", "a.example"), { "a.example": "target:a.example:4180" });
});

test("a rule that stands for many hosts asks nobody, and a finding says so", () => {
  assert.deepEqual(asked("https://$host/auth", "a.example", "*.b.example", ""), { "a.example": "target:a.example:443", "*.b.example": "", "": "" });
  const wild = ingress("shop/web").host("*.b.example").path("/", "web:80").annotate("auth-url", "https://$host/auth");
  expectFindings(build(wild, ...web), `auth-url-of-no-host  Ingress shop/web ${FIELD}`);
});

test("another variable, or a part of a host, closes the Ingress as before", () => {
  for (const url of ["https://$arg_x/", "https://auth.$host/", "https://$host.example/", "https://$hostname/", "https://$host$host/", "http://$host:0/", "http://$host:$server_port/", "$scheme://$host/"]) {
    const { model, findings } = build(ingress("shop/web").host("a.example").path("/", "web:80").annotate("auth-url", url), ...web);
    assert.deepEqual(findings().map(({ code }) => code).filter((code) => !code.startsWith("target-")), ["auth-url-unusable"], url);
    assert.equal(model.hosts.get("a.example")?.routes.find(({ path }) => path === "/")?.backend.kind, "status", url);
  }
});
