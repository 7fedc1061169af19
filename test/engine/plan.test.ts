import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { profileId, profileOf, type Profile } from "../../src/compile/profiles.ts";
import { standingProfiles } from "../../src/compile/standing-profiles.ts";
import type { Program } from "../../src/compile/program.ts";
import { isLoaded, planReload } from "../../src/engine/step/plan.ts";
import { NO_ENGINE, type EngineStatus } from "../../src/engine/protocol.ts";
import { proxy } from "../../src/model/annotations/features/proxy.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], processors: 2, openFiles: 1024, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const settings = parseSettings([], "run");

function profiles(...timeouts: readonly number[]): Map<string, Profile> {
  const all = timeouts.map((nextUpstreamTimeout) => profileOf({ ...proxy.defaults(DEFAULT_CONFIG), nextUpstreamTimeout }, {}, DEFAULT_CONFIG));
  return new Map(all.map((one) => [profileId(one), one]));
}

const programWith = (used: Map<string, Profile>, config: Config = DEFAULT_CONFIG): Program => ({ parts: new Map(), trust: new Map(), profiles: used, listeners: new Map(), fronts: new Map(), config });

function running(loaded: Map<string, Profile>, config: Config = DEFAULT_CONFIG): EngineStatus {
  return { master: 7, config: nginxConf({ settings, config, facts, profiles: loaded }).digest, profiles: Object.fromEntries(loaded) };
}

const standing = [...standingProfiles(DEFAULT_CONFIG).keys()];
const plan = (program: Program, status: EngineStatus, held = new Map<string, Profile>()) => planReload({ confOf: nginxConf, settings, facts, program, held, status, listens: [], open: [], usable: () => true });

test("nothing runs: start, with every profile", () => {
  const planned = plan(programWith(profiles(1, 2)), NO_ENGINE);
  assert.equal(planned?.reason, "start");
  assert.deepEqual([...(planned?.profiles.keys() ?? [])].sort(), [...standing, ...profiles(1, 2).keys()].sort());
});

test("nginx runs what it should: nothing to do, also with profiles that nobody uses any more", () => {
  assert.equal(plan(programWith(new Map()), running(new Map())), undefined);
  assert.equal(plan(programWith(profiles(1)), running(profiles(1, 2))), undefined);
  assert.equal(plan(programWith(new Map()), running(profiles(1, 2))), undefined);
});

test("a profile that nginx has not loaded costs a reload; unused ones leave with it, those still served stay", () => {
  const planned = plan(programWith(profiles(1, 3)), running(profiles(1, 2, 4)), profiles(1, 2));
  assert.equal(planned?.reason, "new-profile");
  assert.deepEqual([...(planned?.profiles.keys() ?? [])].sort(), [...standing, ...profiles(1, 2, 3).keys()].sort());
});

test("the operator's settings cost a reload, and say so", () => {
  const config = { ...DEFAULT_CONFIG, keepAlive: 10 };
  assert.equal(plan(programWith(profiles(1), config), running(profiles(1)))?.reason, "settings");
  assert.equal(plan(programWith(profiles(1), { ...DEFAULT_CONFIG }), running(profiles(1))), undefined);
  assert.equal(plan(programWith(profiles(1, 2), config), running(profiles(1)))?.reason, "settings", "a new profile that comes along makes them wait for nobody");
});

test("settings that only the edge reads cost nothing", () => {
  const config = { ...DEFAULT_CONFIG, httpRedirectCode: 301 as const, sslRedirect: false, noTlsRedirectLocations: [], prefixSlashRedirect: false };
  assert.equal(plan(programWith(new Map(), config), running(new Map())), undefined);
});

test("of two profiles with one name the one that workers use stays, and the other is not taken for loaded", () => {
  const [one, other] = [...profiles(1, 2).values()] as [Profile, Profile];
  const status = running(new Map([["name", one]]));
  const planned = plan(programWith(new Map([["name", other]])), status, new Map([["name", one]]));
  assert.equal(planned?.profiles.get("name"), one);
  const { name, other: nobody } = status.profiles;
  assert.deepEqual([isLoaded(one, name), isLoaded(other, name), isLoaded(one, nobody)], [true, false, false]);
  assert.equal(isLoaded(JSON.parse(JSON.stringify(one)) as Profile, name), true, "as an agent tells it");
});
