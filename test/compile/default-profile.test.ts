/** What the ConfigMap says holds for all routes: a route without annotations needs no location of its own for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Frame, EdgeHost, EdgeRoute } from "../../edge/src/program.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { defaultProfile, profileId } from "../../src/compile/profiles.ts";
import { standingProfiles } from "../../src/compile/standing-profiles.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseConfig } from "../../src/model/config/parse.ts";
import { CONFIG_TABLE } from "../../src/model/config/table.ts";
import { NEXT_UPSTREAM } from "../../src/model/shapes/routing.ts";
import { buildWith } from "../support/build.ts";
import { ingress, ingressClass, service, slice } from "../support/objects.ts";

/** Values for keys of the ConfigMap; each key picks among those that its type accepts. */
const CANDIDATES = [
  "true", "false", "on", "off", "0", "1", "3", "9", "100", "301", "302", "404", "404,503", "503,404", "503,404,503", "512", "1024", "65535", "1k", "4k", "64k", "16m", "1024m", "45s", "10m", "4 8k", "auto",
  "10.0.0.0/8,::/0", "X-Real-IP", "Server,X-Powered-By", "/a,/b", "1.0", "1.1", "", "$remote_addr", "http://auth.shop/check", "https://login.shop/", "POST", "ewma", "Critical", "AlwaysOff",
  "a.example b.example", "/a /b", "~*bot", "SecRuleEngine On", "127.0.0.1", "sluice/headers", "text/css",
];
const conditions = fc.array(fc.constantFrom(...NEXT_UPSTREAM), { minLength: 1, maxLength: 6 }).map((words) => words.join(" "));

const data: fc.Arbitrary<Readonly<Record<string, string>>> = fc.record(
  Object.fromEntries(Object.values(CONFIG_TABLE).map((row) => {
    const valid = CANDIDATES.filter((text) => row.type.parse(text) !== undefined);
    const text = row.key === "proxy-next-upstream" ? conditions : fc.constantFrom(...valid, row.default);
    return [row.key, text];
  })),
  { requiredKeys: [] },
).map((keys) => keys as Readonly<Record<string, string>>);

const configOf = (keys: Readonly<Record<string, string>>): Config => parseConfig({ kind: "ConfigMap", metadata: { namespace: "sluice", name: "sluice" }, data: keys }).config;

/** Compiles routes without annotations: of two paths, of a default backend, and of a path whose host leaves `/` undeclared. */
function compiled(config: Config) {
  const built = buildWith({ config }, ingressClass("nginx"), ingress("shop/web").host("web.example").path("/", "web:80").path("/exact", "web:80", "Exact"),
    ingress("shop/all").defaultBackend("web:80"), ingress("shop/none").host("none.example").path("/only", "web:80"), service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1"));
  const { program } = createCompiler().compile(built);
  const routes = [...program.parts.values()].filter(({ kind }) => kind === "host").flatMap((part): EdgeRoute[] => {
    const frame = JSON.parse(part.frame.reveal().toString("latin1")) as Frame;
    return frame.op === "set" ? (frame.value as EdgeHost).routes : [];
  });
  return { program, routes, needs: [...program.parts.values()].flatMap((part) => part.needs ?? []) };
}

test("whatever the ConfigMap says, a route without annotations needs no profile beside those that nginx always has", () => {
  fc.assert(
    fc.property(data, (keys) => {
      const config = configOf(keys);
      const standing = standingProfiles(config);
      const { program, routes, needs } = compiled(config);
      assert.ok(routes.length >= 4);
      for (const { path, profile, filters } of routes) {
        assert.equal(profile, filters === undefined ? undefined : profileId({ ...defaultProfile(config), filtered: true }), `path ${path}`);
      }
      assert.deepEqual([needs, [...program.profiles.keys()].filter((id) => !standing.has(id))], [[], []]);
    }),
    { numRuns: 400 },
  );
});

/** Keys that ask for something to be done with each request. */
const PER_REQUEST = new Set([
  "custom-http-errors", "global-auth-url", "whitelist-source-range", "denylist-source-range", "block-cidrs", "block-user-agents", "block-referers", "proxy-cookie-domain", "proxy-cookie-path",
  "proxy-redirect-from", "proxy-redirect-to", "load-balance", "enable-opentelemetry", "proxy-set-headers",
]);

test("one key alone takes routes without annotations off the plain path only if it asks for something per request", () => {
  for (const row of Object.values(CONFIG_TABLE)) {
    const texts = row.key === "proxy-next-upstream" ? ["timeout error", "http_404 off", "error error", "non_idempotent timeout"] : CANDIDATES.filter((text) => row.type.parse(text) !== undefined);
    for (const text of texts) {
      const { routes } = compiled(configOf({ [row.key]: text }));
      const declared = routes.filter(({ ingress: name }) => name === "web");
      assert.equal(declared.length > 0 && declared.every(({ plain }) => plain === true) || PER_REQUEST.has(row.key), true, `${row.key}: ${text}`);
    }
  }
});

test("conditions and statuses are sets: their order makes no other profile", () => {
  const idOf = (keys: Readonly<Record<string, string>>): string => profileId(defaultProfile(configOf(keys)));
  assert.equal(idOf({ "proxy-next-upstream": "timeout error" }), profileId(defaultProfile(DEFAULT_CONFIG)));
  assert.equal(idOf({ "custom-http-errors": "503,404" }), idOf({ "custom-http-errors": "404,503" }));
  const annotated = ingress("shop/web").host("web.example").path("/", "web:80").annotate("proxy-next-upstream", "timeout error timeout");
  const { program } = createCompiler().compile(buildWith({}, ingressClass("nginx"), annotated, service("shop/web", "80:8080")));
  assert.equal(program.profiles.size, 0);
});
