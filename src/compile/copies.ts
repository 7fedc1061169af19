/**
 * The locations that send copies of requests to rules of Gateways' routes (RequestMirror). nginx fixes the number of copies in the location of a profile;
 * who gets a copy is data (edge/src/phases/copies.ts).
 *
 * A copy has the headers, the path and the host that the backend gets. nginx ends a client's request, and begins the next one of its connection, only when
 * all copies are done: so they wait for no slow backend, and are tried once.
 */
import type { Config } from "../model/config/config.ts";
import type { Directive } from "./directive.ts";
import { block, directive, expression, luaBlock } from "./directive.ts";
import { filteredHeaders } from "./forwarding.ts";
import type { Profile } from "./profile.ts";

const UPSTREAM = "sluice_copy";

function countOf({ mirror }: Pick<Profile, "mirror">): number {
  return typeof mirror === "number" ? mirror : 0;
}

function mostOf(profiles: Iterable<Profile>): readonly number[] {
  return [...Array(Math.max(0, ...[...profiles].map(countOf))).keys()];
}

export function copyUpstreams(profiles: Iterable<Profile>): Directive[] {
  if (mostOf(profiles).length === 0) return [];
  return [block("upstream", [UPSTREAM], [directive("server", "0.0.0.1"), luaBlock("balancer_by_lua_block", "sluice.balanceCopy()")])];
}

export function copyLocations(profiles: Iterable<Profile>, config: Config): Directive[] {
  return mostOf(profiles).map((index) => block("location", ["=", `copy:${index}`], [
    directive("internal"),
    block("if", [expression(`($sluice_copy_${index}`), "!~", ".)"], [directive("return", 204)]),
    ...filteredHeaders(config).map(([name, value]) => directive("proxy_set_header", name, value)),
    directive("proxy_connect_timeout", "1s"),
    directive("proxy_send_timeout", "5s"),
    directive("proxy_read_timeout", "5s"),
    directive("proxy_next_upstream", "off"),
    directive("proxy_pass", expression(`http://${UPSTREAM}$sluice_uri`)),
  ]));
}

export function copyVariables(profiles: Iterable<Profile>): string[] {
  return mostOf(profiles).map((index) => `sluice_copy_${index}`);
}
