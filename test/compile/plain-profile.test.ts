/** What every request costs: the Lua phases of the location that serves routes without annotations. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { standingProfiles } from "../../src/compile/standing-profiles.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";
import { readConf, type ReadDirective } from "../support/read-conf.ts";

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], processors: 2, openFiles: 1024, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};

function find(list: readonly ReadDirective[], ...names: readonly string[]): readonly ReadDirective[] {
  const [name, ...rest] = names;
  const found = list.find(({ words }) => words.join(" ") === name);
  assert.ok(found?.children, `there is a block "${name ?? ""}"`);
  return rest.length === 0 ? found.children : find(found.children, ...rest);
}

const phases = (list: readonly ReadDirective[]): readonly string[] => list.flatMap(({ words: [name = ""] }) => (/_by_lua/.test(name) ? [name] : []));

test("the plain profile hooks no Lua phase beside those of routing: decision, endpoint, log", () => {
  const { text } = nginxConf({ settings: parseSettings([], "run", {}), config: DEFAULT_CONFIG, facts, profiles: standingProfiles(DEFAULT_CONFIG) });
  const conf = readConf(text);
  assert.deepEqual(phases(find(conf, "http", "server", "location /")), [], "location / has phases of its own");
  const ofRequests = phases(find(conf, "http", "server")).filter((name) => !name.startsWith("ssl_"));
  assert.deepEqual(ofRequests, ["server_rewrite_by_lua_block", "log_by_lua_block"]);
  assert.deepEqual(phases(find(conf, "http", "upstream sluice")), ["balancer_by_lua_block"]);
  assert.deepEqual(phases(find(conf, "http")), ["init_by_lua_block", "init_worker_by_lua_block", "exit_worker_by_lua_block"]);
});

test("nobody is asked about what is off: measuring, muting, reasons", () => {
  const confOf = (flags: readonly string[], config: Partial<Config> = {}): string =>
    nginxConf({ settings: parseSettings(flags, "run", {}), config: { ...DEFAULT_CONFIG, ...config }, facts, profiles: standingProfiles(DEFAULT_CONFIG) }).text;
  const logPhase = (text: string): string | undefined => /log_by_lua_block \{\s*(.*)\s*\}/.exec(text)?.[1];
  assert.equal(logPhase(confOf([])), "sluice.log()");
  assert.doesNotMatch(confOf([]), /sluice_measures|sluice_reason/);
  assert.match(confOf([]), /access_log \S+ upstreaminfo;/);
  assert.equal(logPhase(confOf(["--enable-metrics"])), "sluice.logMeasured()");
  assert.equal(logPhase(confOf([], { skipAccessLogUrls: ["/a"], enableAccessLogForDefaultBackend: false })), "sluice.muteUris() sluice.muteUndeclared() sluice.log()");
  assert.equal(logPhase(confOf([], { skipAccessLogUrls: ["/a"], disableHttpAccessLog: true })), "sluice.log()");
  assert.match(confOf([], { logFormatUpstream: "$status ${sluice_reason}" }), /map .* \$sluice_reason/);
});
