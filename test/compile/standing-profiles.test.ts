/** Which annotations cause no reload: nginx always has the profile that they need, or they are data. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { inFewSteps } from "../../src/compile/fewer-profiles.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { defaultProfile, profileId, profileOf } from "../../src/compile/profiles.ts";
import { standingProfiles } from "../../src/compile/standing-profiles.ts";
import { proxy } from "../../src/model/annotations/features/proxy.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { NEXT_UPSTREAM, PROTOCOLS, type ProxySettings } from "../../src/model/shapes/routing.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, service, slice } from "../support/objects.ts";

/** What a namespace's Ingress asks nginx for that nginx does not have. */
function needs(annotations: Readonly<Record<string, string>>): number {
  let one = ingress("shop/web").host("shop.example").path("/", "web:80");
  for (const [name, value] of Object.entries(annotations)) one = one.annotate(name, value);
  const built = build(ingressClass("nginx"), one, service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1"));
  assert.deepEqual(built.findings().filter(({ severity }) => severity === "error"), [], JSON.stringify(annotations));
  const { program } = createCompiler().compile(built);
  return [...program.parts.values()].flatMap((part) => part.needs ?? []).length;
}

/** The annotations of Ingresses of public charts and guides, as far as nginx reads any of them from a location. */
const CHARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Harbor": { "proxy-body-size": "0", "ssl-redirect": "true" },
  "GitLab webservice": { "proxy-body-size": "512m", "proxy-read-timeout": "600", "proxy-connect-timeout": "15", "service-upstream": "true" },
  "GitLab registry": { "proxy-body-size": "0", "proxy-read-timeout": "900", "proxy-request-buffering": "off", "proxy-buffering": "off" },
  "Argo CD": { "backend-protocol": "HTTPS", "force-ssl-redirect": "true" },
  "Argo CD, gRPC": { "backend-protocol": "GRPC" },
  "Argo CD, behind a login": { "backend-protocol": "HTTP", "proxy-buffering": "on", "proxy-buffer-size": "128k", "proxy-buffers-number": "4" },
  "Keycloak": { "proxy-buffer-size": "128k" },
  "oauth2-proxy": { "proxy-buffer-size": "16k", "proxy-buffers-number": "4" },
  "Prometheus": { "proxy-buffer-size": "16k", "auth-url": "http://10.0.0.9/auth" },
  "Sentry": { "proxy-buffer-size": "32k", "proxy-buffers-number": "16" },
  "Nextcloud": { "proxy-body-size": "4G", "server-alias": "cloud.example" },
  "MinIO": { "proxy-body-size": "0", "proxy-buffering": "off", "proxy-request-buffering": "off" },
  "JupyterHub": { "proxy-body-size": "64m", "proxy-read-timeout": "3600", "proxy-send-timeout": "3600" },
  "Rancher": { "proxy-connect-timeout": "30", "proxy-read-timeout": "1800", "proxy-send-timeout": "1800" },
  "Kibana": { "backend-protocol": "HTTPS", "proxy-body-size": "100m", "proxy-buffering": "on", "proxy-read-timeout": "100" },
  "Kubernetes dashboard": { "backend-protocol": "HTTPS", "ssl-redirect": "true" },
  "Vault": { "backend-protocol": "HTTPS", "proxy-read-timeout": "300" },
  "Nexus": { "proxy-body-size": "5g", "proxy-read-timeout": "600" },
  "Artifactory": { "proxy-body-size": "0", "proxy-read-timeout": "600", "proxy-request-buffering": "off" },
  "ChartMuseum": { "proxy-body-size": "30m" },
  "SonarQube": { "proxy-body-size": "64m" },
  "Mattermost": { "proxy-body-size": "50m", "proxy-send-timeout": "600", "proxy-read-timeout": "600", "proxy-buffering": "on" },
  "ReportPortal": { "proxy-body-size": "128m", "proxy-buffer-size": "512k", "proxy-buffers-number": "4", "proxy-busy-buffers-size": "512k", "rewrite-target": "/$2" },
  "WordPress": { "proxy-body-size": "100m", "client-body-buffer-size": "10m" },
  "an API of many parts": { "proxy-body-size": "10m", "proxy-next-upstream": "error timeout invalid_header http_502 http_503 http_504", "proxy-next-upstream-tries": "3" },
  "an API with retries": { "proxy-next-upstream": "error timeout http_502 http_503 http_504", "proxy-next-upstream-tries": "2", "proxy-connect-timeout": "5" },
  "a portal": { "proxy-body-size": "30m", "proxy-buffer-size": "256k", "proxy-buffering": "on", "proxy-buffers-number": "4", "proxy-max-temp-file-size": "1024m" },
  "a search": { "proxy-buffering": "on", "proxy-buffer-size": "8k", "proxy-buffers-number": "8", "client-body-buffer-size": "1m", "use-regex": "true", "rewrite-target": "/$1" },
  "a graph over gRPC": { "backend-protocol": "GRPC", "proxy-body-size": "0" },
  "error pages": { "custom-http-errors": "404,503", "proxy-body-size": "8m" },
  "a page for maintenance": { "custom-http-errors": "502,503,504" },
};

test("what public charts ask for causes no reload", () => {
  for (const [name, annotations] of Object.entries(CHARTS)) assert.equal(needs(annotations), 0, name);
});

/** Of the charts in test/corpus, those with values that only nginx.conf can hold, which nobody else has. */
const OWN = new Map<string, number>();

test("the Ingresses of rendered charts cause no reload", () => {
  const folder = fileURLToPath(new URL("../corpus/charts", import.meta.url));
  const seen = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  assert.ok(seen.length >= 11);
  for (const file of seen) {
    const objects = parseAllDocuments(readFileSync(`${folder}/${file}`, "utf8")).map((one) => one.toJS() as { kind?: string; metadata?: { annotations?: Record<string, string> } } | null);
    for (const object of objects) {
      if (object?.kind !== "Ingress") continue;
      const tuning = Object.fromEntries(Object.entries(object.metadata?.annotations ?? {}).flatMap(([name, value]) => {
        const [, short = ""] = /^nginx\.ingress\.kubernetes\.io\/(proxy-b.*|proxy-r.*|proxy-n.*|proxy-m.*|client-body.*|backend-protocol|custom-http-errors)$/.exec(name) ?? [];
        return short === "" || value === "" ? [] : [[short, value]];
      }));
      assert.equal(needs(tuning), OWN.get(file) ?? 0, `${file}: ${JSON.stringify(tuning)}`);
    }
  }
});

test("limits of bodies, buffers for bodies and tries are data, whatever they are and whatever stands beside them", () => {
  const value = fc.record({
    "proxy-body-size": fc.constantFrom("0", "1", "10k", "7m", "333m", "1g", "32g"),
    "client-body-buffer-size": fc.constantFrom("1", "9000", "100k", "5m", "64m"),
    "proxy-next-upstream-tries": fc.integer({ min: 0, max: 1000 }).map(String),
    "proxy-buffer-size": fc.integer({ min: 256, max: 512 * 1024 }).map(String),
    "proxy-connect-timeout": fc.constantFrom("1", "600"),
  }, { requiredKeys: [] });
  fc.assert(fc.property(value, (annotations) => assert.equal(needs(annotations), 0, JSON.stringify(annotations))), { numRuns: 200 });
});

const settings: fc.Arbitrary<Partial<ProxySettings>> = fc.record({
  bodySize: fc.constantFrom(0, 1, 1024 ** 2, 2 ** 31, Number.MAX_SAFE_INTEGER), buffering: fc.boolean(), requestBuffering: fc.boolean(),
  bufferSize: fc.constantFrom(256, 4095, 4096, 4097, 65_536, 16 * 1024 ** 2), buffersNumber: fc.constantFrom(3, 4, 5, 9, 1024),
  nextUpstream: fc.subarray(NEXT_UPSTREAM.filter((one) => one !== "off"), { minLength: 1 }), nextUpstreamTimeout: fc.constantFrom(0, 5),
  busyBuffersSize: fc.constantFrom(0, 8192, 131_072), maxTempFileSize: fc.constantFrom(0, 1024 ** 3), clientBodyBufferSize: fc.constantFrom(0, 1, 2 ** 24, 2 ** 30),
  protocol: fc.constantFrom(...PROTOCOLS), mirror: fc.constantFrom("off" as const, "whole" as const), modsecurity: fc.constantFrom("off" as const, "on" as const),
});

test("a profile in few steps stays as it is, and gives no less than was asked for", () => {
  fc.assert(
    fc.property(settings, (some) => {
      const asked = { ...proxy.defaults(DEFAULT_CONFIG), ...some };
      const profile = profileOf(asked, {}, DEFAULT_CONFIG);
      assert.deepEqual(inFewSteps(profile, DEFAULT_CONFIG), profile);
      assert.ok(profile.bufferSize >= asked.bufferSize && profile.bufferSize <= Math.max(4096, 2 * asked.bufferSize));
      assert.ok(!profile.buffering || (profile.buffersNumber >= asked.buffersNumber && profile.buffersNumber <= Math.max(4, 2 * asked.buffersNumber)));
      assert.deepEqual([profile.protocol, profile.nextUpstream, profile.mirror, profile.modsecurity], [asked.protocol, asked.nextUpstream, asked.mirror, asked.modsecurity]);
      // nginx alone counts a body that it passes on while it reads, or that somebody else reads before the edge can.
      if (!asked.requestBuffering && asked.protocol === "HTTP") assert.equal(profile.bodySize, asked.bodySize);
      if (asked.modsecurity === "on" || asked.mirror === "whole") assert.equal(profile.bodySize, asked.bodySize);
    }),
    { numRuns: 2000 },
  );
});

test("nginx always has few enough locations, and with ModSecurity only those that hold its rules anyway", () => {
  assert.ok(standingProfiles(DEFAULT_CONFIG).size <= 64, `${standingProfiles(DEFAULT_CONFIG).size} profiles`);
  assert.equal(standingProfiles({ ...DEFAULT_CONFIG, enableModsecurity: true }).size, 2);
  assert.ok(standingProfiles(DEFAULT_CONFIG).has(profileId(defaultProfile(DEFAULT_CONFIG))));
});
