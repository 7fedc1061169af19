/** What the step's world has to choose from: profiles, settings, ports; and which of them nginx refuses. */
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf, type NginxConf } from "../../src/compile/nginx-conf.ts";
import { profileId, profileOf, type Profile } from "../../src/compile/profiles.ts";
import type { Part } from "../../src/compile/program.ts";
import type { Listener } from "../../src/compile/stream-conf.ts";
import type { ConfOf } from "../../src/engine/step/plan.ts";
import { proxy } from "../../src/model/annotations/features/proxy.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";

export const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], stream: ["/m/stream.so", "/m/js.so"], processors: 2, openFiles: 1024, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};

const plain = (nextUpstreamTimeout: number): Profile => profileOf({ ...proxy.defaults(DEFAULT_CONFIG), nextUpstreamTimeout }, {}, DEFAULT_CONFIG);
const written = (text: string): Profile => profileOf(proxy.defaults(DEFAULT_CONFIG), { snippet: snippetOf([{ name: "set", args: ["$a", text] }]) }, DEFAULT_CONFIG);
/** nginx refuses the last of these, even alone; it refuses the two before it only together. */
export const PROFILES = [plain(1), plain(2), plain(3), written("tea"), written("milk"), written("bad")].map((one) => [profileId(one), one] as const);
export const NEEDS = PROFILES.length;
export const CONFIGS: readonly Config[] = [DEFAULT_CONFIG, { ...DEFAULT_CONFIG, keepAlive: 7 }, { ...DEFAULT_CONFIG, keepAlive: 8, enableSerialReloads: true }];
export const CONFIG_COUNT = CONFIGS.length;

const remembered = new Map<string, NginxConf>();
export const confOf: ConfOf = (input) => {
  const key = [input.config.keepAlive, input.config.enableSerialReloads, ...input.profiles.keys()].join();
  const conf = remembered.get(key) ?? nginxConf(input);
  remembered.set(key, conf);
  return conf;
};

export const nginxRefuses = (text: string): boolean => text.includes("$a bad;") || (text.includes("$a tea;") && text.includes("$a milk;"));

export function listener(port: number): Listener {
  return {
    id: `tcp ${port}`, protocol: "tcp", port, acceptProxy: false, sendProxy: false, service: "net/echo:7",
    origin: { kind: "ConfigMap", namespace: "sluice", name: "tcp", field: `data[${port}]` },
  };
}

export const hasSnippet = ({ profiles }: Part): boolean => [...profiles.values()].some(({ snippet }) => snippet);
export const portsOf = (all: readonly { readonly port: number }[]): string => [...new Set(all.map(({ port }) => port))].sort((a, b) => a - b).join();
