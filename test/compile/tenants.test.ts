/** nginx.conf contains no byte that a tenant wrote, and whatever tenants write travels as whole lines of ASCII JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { profileDirectives } from "../../src/compile/profiles.ts";
import { createCompiler, type Program } from "../../src/compile/program.ts";
import { buildModel } from "../../src/model/build/build.ts";
import { parseSettings } from "../../src/settings.ts";
import { hostileObjects, MARK } from "../support/hostile.ts";
import { ingress, ingressClass, service, slice, snapshotOf, testConfig, testSettings, type Given } from "../support/objects.ts";
import { readConf, type ReadDirective } from "../support/read-conf.ts";
import { runs } from "../support/runs.ts";

const FACTS: EngineFacts = {
  version: [1, 22, 1], modules: ["/m.so"], processors: 2, openFiles: 1024, ipv6: true, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const settings = parseSettings([], "run");

function compiled(...objects: readonly Given[]): Program {
  return createCompiler().compile(buildModel(snapshotOf(...objects), testSettings, testConfig)).program;
}

function confOf({ config, profiles }: Program): string {
  return nginxConf({ settings, config, facts: FACTS, profiles }).text;
}

const BENIGN = confOf(compiled(ingressClass("nginx"), ingress("shop/web").host("shop.example").path("/", "web:80"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")));

test("nginx.conf is the same whatever tenants write, but for the numbers and words of profiles", () => {
  let profiled = 0;
  const cases = fc.property(hostileObjects, (objects) => {
    const program = compiled(...objects);
    const text = confOf(program);
    assert.ok(!text.includes(MARK));
    for (const profile of program.profiles.values()) {
      const words = profileDirectives(profile).flatMap(({ args }) => args);
      for (const word of words) assert.match(String(word), /^(?:[0-9]{1,16}s?|on|off|1\.[01]|[a-z_]+(?:[0-9]{3})?|mirror:(?:whole|bodiless)|copy:[0-9]{1,2})$/);
    }
    if (program.profiles.size === 0) assert.equal(text, BENIGN);
    else {
      profiled++;
      assert.deepEqual(withoutProfiles(readConf(text)), withoutProfiles(readConf(BENIGN)));
    }
  });
  fc.assert(cases, { numRuns: runs(3000) });
  assert.ok(profiled > 20, "profiles were seen too");
});

function withoutProfiles(list: readonly ReadDirective[]): ReadDirective[] {
  return list
    .filter(({ words }) => !(words[0] === "location" && /^profile:[0-9a-f]+(?::large)?$/.test(words[2] ?? "")))
    .map(({ words, children }) => ({ words, ...(children ? { children: withoutProfiles(children) } : {}) }));
}

test("every frame is one line of ASCII that any JSON reader takes, and names its part", () => {
  fc.assert(
    fc.property(hostileObjects, (objects) => {
      for (const { key, frame } of compiled(...objects).parts.values()) {
        const line = frame.reveal().toString("latin1");
        assert.match(line, /^[ -~]*$/);
        const { op, kind, id } = JSON.parse(line) as { op: string; kind: string; id: string };
        assert.equal(op, "set");
        assert.equal(`${kind} ${id}`, key.toWellFormed());
        // A strict reader, such as the one in nginx, refuses the escape of half a character.
        assert.ok(isWellFormed(JSON.parse(line)), `half a surrogate pair in ${line}`);
      }
    }),
    { numRuns: runs(3000) },
  );
});

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormed(inner));
}
