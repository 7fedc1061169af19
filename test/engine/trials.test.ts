import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { profileId, profileOf, type Profile } from "../../src/compile/profiles.ts";
import { NO_ENGINE, type AgentOrder, type EngineStatus } from "../../src/engine/protocol.ts";
import { Trials } from "../../src/engine/trials.ts";
import { proxyDefaults } from "../../src/model/annotations/proxy.ts";
import { DEFAULT_CONFIG, type Config } from "../../src/model/config.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";
import { parseSettings } from "../../src/settings.ts";

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], processors: 2, openFiles: 1024, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const settings = parseSettings([], "run");
const one = (text: string): [string, Profile] => {
  const profile = profileOf(proxyDefaults(DEFAULT_CONFIG), { snippet: snippetOf([{ name: "set", args: ["$a", text] }]) });
  return [profileId(profile), profile];
};

function started(now?: () => number) {
  const orders: (AgentOrder & { op: "try" })[] = [];
  const trials = new Trials((order) => {
    if (order.op === "try") orders.push(order);
  }, now);
  const examine = (profiles: Map<string, Profile>, config: Config = DEFAULT_CONFIG, status: EngineStatus = NO_ENGINE): void =>
    trials.examine({ settings, facts, program: { parts: new Map(), profiles, trust: new Map(), listeners: new Map(), config }, status });
  return { trials, orders, examine };
}

test("each profile with a snippet is tested alone, one after the other, once", () => {
  const { trials, orders, examine } = started();
  const [good, bad] = [one("good"), one("bad")];
  examine(new Map([good, bad]));
  assert.equal(trials.pending, true);
  assert.equal(trials.usable(...good), false);
  assert.deepEqual(orders.map(({ id }) => id), [good[0]]);
  assert.ok(orders[0]?.text.includes("set $a good;") && !orders[0].text.includes("set $a bad;"));
  trials.tried(good[0], "");
  trials.tried(bad[0], 'unknown thing in /run/s/nginx.conf.try:7');
  assert.deepEqual([trials.usable(...good), trials.usable(...bad), trials.pending], [true, false, false]);
  assert.deepEqual([...trials.refused], [[bad[1].snippet?.digest, "unknown thing"]]);
  assert.equal(trials.open, true, "the routes of the bad one do not know yet");
  examine(new Map([good]));
  assert.equal(trials.open, false);
  examine(new Map([good, bad]));
  assert.equal(orders.length, 2);
});

test("other settings of the operator ask again; what nginx runs in the same configuration it has taken", () => {
  const { trials, orders, examine } = started();
  const bad = one("bad");
  examine(new Map([bad]));
  trials.tried(bad[0], "no");
  const { refused } = trials;
  examine(new Map([bad]), { ...DEFAULT_CONFIG, keepAlive: 7 });
  assert.equal(trials.refused.size, 0);
  assert.notEqual(trials.refused, refused);
  assert.equal(orders.length, 2);

  const live = one("live");
  const profiles = new Map([live]);
  const again = started();
  again.examine(profiles, DEFAULT_CONFIG, { master: 7, config: nginxConf({ settings, config: DEFAULT_CONFIG, facts, profiles }).digest, profiles: Object.fromEntries(profiles) });
  assert.deepEqual([again.orders.length, again.trials.usable(...live)], [0, true]);
});

test("an agent that went takes its question along; the next one is asked", () => {
  const { trials, orders, examine } = started();
  const snippet = one("x");
  examine(new Map([snippet]));
  trials.restart();
  examine(new Map([snippet]));
  assert.deepEqual(orders.map(({ id }) => id), [snippet[0], snippet[0]]);
  trials.tried("another", "no");
  assert.equal(trials.pending, true);
});

test("a flood of snippets keeps nobody waiting for long", () => {
  let now = 0;
  const { trials, examine } = started(() => now);
  examine(new Map([one("a"), one("b")]));
  assert.equal(trials.pending, true);
  now = 2500;
  trials.tried(one("a")[0], "");
  assert.deepEqual([trials.pending, trials.open, trials.usable(...one("a")), trials.usable(...one("b"))], [false, true, true, false]);
  trials.tried(one("b")[0], "");
  examine(new Map([one("a"), one("b"), one("c")]));
  assert.equal(trials.pending, true);
});
