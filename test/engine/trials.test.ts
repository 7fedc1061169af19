import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { profileId, profileOf, type Profile } from "../../src/compile/profiles.ts";
import { NO_ENGINE, type AgentOrder, type EngineStatus } from "../../src/engine/protocol.ts";
import { areOpen, examine, forgetIdle, holdPlans, isUsable, NO_TRIALS, restarted, searchFor, tried, type Asked, type RefusedPlan } from "../../src/engine/step/trials.ts";
import { proxy } from "../../src/model/annotations/features/proxy.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { operatorRules } from "../../src/model/snippets/operator-rules.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";
import { parseSettings } from "../../src/settings.ts";

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], processors: 2, openFiles: 1024, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const settings = parseSettings([], "run");
const one = (text: string): [string, Profile] => {
  const profile = profileOf(proxy.defaults(DEFAULT_CONFIG), { snippet: snippetOf([{ name: "set", args: ["$a", text] }]) }, DEFAULT_CONFIG);
  return [profileId(profile), profile];
};

/** The state of the trials, and the orders that the agent was given for them. */
class Trials {
  readonly orders: (AgentOrder & { op: "try" })[] = [];
  readonly #now: () => number;
  #trials = NO_TRIALS;

  constructor(now: () => number) {
    this.#now = now;
  }
  #take({ trials, order }: Asked): void {
    this.#trials = trials;
    if (order?.op === "try") this.orders.push(order);
  }
  get refused(): ReadonlyMap<string, string> {
    return this.#trials.refused;
  }
  get searching(): boolean {
    return this.#trials.search !== undefined;
  }
  get unsettled(): boolean {
    return this.#trials.unsettled;
  }
  get open(): boolean {
    return areOpen(this.#trials);
  }
  /** Whether plans wait for verdicts. */
  get pending(): boolean {
    return holdPlans(this.#trials, this.#now());
  }
  usable = (id: string, profile: Profile): boolean => isUsable(this.#trials, id, profile);
  examine(profiles: Map<string, Profile>, config: Config, status: EngineStatus): void {
    this.#take(examine(this.#trials, { confOf: nginxConf, settings, facts, config }, profiles, status, this.#now()));
  }
  tried(id: string, problem: string): void {
    this.#take(tried(this.#trials, id, problem));
  }
  searchFor(plan: RefusedPlan): void {
    this.#take(searchFor(this.#trials, plan));
  }
  restart(): void {
    this.#trials = restarted(this.#trials);
  }
  forgetIdle(isIdle: (snippet: string) => boolean): void {
    this.#trials = forgetIdle(this.#trials, isIdle);
  }
}

function started(now: () => number = Date.now) {
  const trials = new Trials(now);
  const examineIn = (profiles: Map<string, Profile>, config: Config = DEFAULT_CONFIG, status: EngineStatus = NO_ENGINE): void => trials.examine(profiles, config, status);
  return { trials, orders: trials.orders, examine: examineIn };
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

test("one that passes alone and not with others is found, stays refused while nginx runs it, and is asked anew with other settings", () => {
  const { trials, orders, examine } = started();
  const [tea, milk, juice] = [one("tea"), one("milk"), one("juice")];
  const all = new Map([tea, milk, juice]);
  examine(all);
  for (const [id] of all) trials.tried(id, "");
  trials.searchFor({ confOf: nginxConf, settings, facts, config: DEFAULT_CONFIG, profiles: all });
  assert.deepEqual([trials.searching, trials.open], [true, true]);
  const answer = (): void => {
    const text = orders.at(-1)?.text ?? "";
    trials.tried("together", text.includes("$a tea;") && text.includes("$a milk;") ? "they curdle" : "");
  };
  while (trials.searching) answer();
  assert.deepEqual([trials.usable(...tea), trials.usable(...milk), trials.usable(...juice)], [true, false, true]);
  assert.deepEqual([...trials.refused], [[milk[1].snippet?.digest, "together with other snippets: they curdle"]]);
  const { digest } = nginxConf({ settings, config: DEFAULT_CONFIG, facts, profiles: all });
  examine(all, DEFAULT_CONFIG, { ...NO_ENGINE, master: 7, config: digest, profiles: Object.fromEntries(all) });
  assert.equal(trials.usable(...milk), false);
  const asked = orders.length;
  examine(all, { ...DEFAULT_CONFIG, keepAlive: 7 });
  assert.ok(orders.length > asked);
});

test("a search ends with the agent that was asked", () => {
  const { trials, examine } = started();
  const tea = one("tea");
  examine(new Map([tea]));
  trials.tried(tea[0], "");
  trials.searchFor({ confOf: nginxConf, settings, facts, config: DEFAULT_CONFIG, profiles: new Map([tea]) });
  trials.restart();
  assert.equal(trials.searching, false);
  trials.tried("together", "late");
  assert.deepEqual([trials.usable(...tea), trials.refused.size], [true, 0]);
});

test("the operator's rules come first: until their verdict is known everywhere nothing else is asked or planned", () => {
  const { trials, orders, examine } = started();
  const tea = one("tea");
  const rules = (text: string, rulesRefused = false): Config =>
    ({ ...DEFAULT_CONFIG, enableModsecurity: true, modsecuritySnippet: operatorRules(text), named: { ...DEFAULT_CONFIG.named, rulesRefused } });
  const digest = rules("bad").modsecuritySnippet?.digest;
  examine(new Map([tea]), rules("bad"));
  assert.deepEqual([orders.map(({ id }) => id), trials.unsettled, trials.open], [["rules"], true, true]);
  trials.tried("rules", `Rules error. File: /run/s/rules-${"0123456789abcdef".repeat(4)}.conf. Line: 1. in /run/s/nginx.conf.try:9`);
  examine(new Map([tea]), rules("bad"));
  assert.deepEqual([orders.length, trials.unsettled, trials.open, [...trials.refused]], [1, true, true, [[digest, "Rules error. Line: 1."]]]);
  // The configuration now says that the rules are refused: they are settled, and trials of other snippets go on.
  examine(new Map([tea]), rules("bad", true));
  assert.deepEqual([orders.map(({ id }) => id), trials.unsettled], [["rules", tea[0]], false]);
  trials.tried(tea[0], "");
  assert.deepEqual([trials.open, trials.refused.size], [false, 1], "the verdict stays while the rules do");
  examine(new Map([tea]), rules("good"));
  assert.deepEqual([orders.at(-1)?.id, trials.unsettled, trials.refused.size], ["rules", true, 0]);
  trials.tried("rules", "");
  examine(new Map([tea]), rules("good"));
  assert.deepEqual([orders.at(-1)?.id, trials.unsettled], [tea[0], false]);
});

test("what nginx says of a configuration that was replaced meanwhile is no verdict on the next one", () => {
  const { trials, orders, examine } = started();
  const tea = one("tea");
  examine(new Map([tea]));
  examine(new Map([tea]), { ...DEFAULT_CONFIG, keepAlive: 7 });
  trials.tried(tea[0], "");
  assert.deepEqual([trials.usable(...tea), orders.length], [false, 2]);
  trials.tried(tea[0], "no");
  assert.deepEqual([trials.usable(...tea), trials.refused.size], [false, 1]);
});

test("verdicts are remembered for what is there: the Program, nginx, and who asks about a refusal", () => {
  const { trials, orders, examine } = started();
  const gone = Array.from({ length: 50 }, (_, index) => one(`gone${index}`));
  examine(new Map(gone));
  for (const [id] of gone) trials.tried(id, "");
  assert.ok(gone.every((snippet) => trials.usable(...snippet)));
  const kept = one("kept");
  const live: EngineStatus = { ...NO_ENGINE, master: 7, config: "another", profiles: Object.fromEntries([gone[0] ?? kept]) };
  examine(new Map([kept]), DEFAULT_CONFIG, live);
  trials.tried(kept[0], "");
  assert.deepEqual(gone.map((snippet) => trials.usable(...snippet)).filter(Boolean), [true], "the one that nginx still has");
  assert.equal(trials.usable(...kept), true);
  examine(new Map([kept, gone[1] ?? kept]), DEFAULT_CONFIG, live);
  assert.equal(orders.at(-1)?.id, gone[1]?.[0], "who comes back is asked anew");
  trials.tried(gone[1]?.[0] ?? "", "no");
  const [bad] = [...trials.refused.keys()];
  trials.forgetIdle((snippet) => snippet === bad);
  assert.equal(trials.refused.size, 1, "its routes do not know yet");
  examine(new Map([kept]), DEFAULT_CONFIG, live);
  const before = trials.refused;
  trials.forgetIdle(() => false);
  assert.equal(trials.refused, before, "the same while nothing changed");
  trials.forgetIdle((snippet) => snippet === bad);
  assert.deepEqual([...trials.refused], []);
});
