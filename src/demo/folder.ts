/** What `sluice demo` suggests to ask in a folder that is not the walk-through: a request for each of its routes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CATCH_ALL } from "../../edge/src/program.ts";
import { canariesOf, primaryOf } from "../model/shapes/routing.ts";
import type { Route } from "../model/shapes/routing.ts";
import type { Model } from "../model/model.ts";
import { curlLine, WALKTHROUGH, type Reach } from "./walkthrough.ts";

/** True: the folder has all files that the walk-through speaks of. */
export function isWalkthrough(folder: string): boolean {
  return WALKTHROUGH.every(({ file }) => existsSync(join(folder, file)));
}

/** Most routes that are shown: people would not read more. */
const MOST = 20;

/** Lines with a comment and a command for each route; empty: nothing is declared. */
export function questions(model: Model, reach: Reach): string[] {
  const asked = [...model.hosts.values()].flatMap(({ name, routes }) => {
    const tls = model.tls.has(name);
    return routes.filter(({ origin, synthesized }) => origin.kind === "Ingress" && !synthesized).map((route) => question(name, route, tls, reach, targetText(route, model)));
  });
  const more = asked.length - MOST;
  return [...asked.slice(0, MOST).flat(), ...(more > 0 ? [`  # and ${more} more`] : [])];
}

/**
 * A comment and a command for one route. A wildcard's example is a name below it; for a path that is an expression
 * there is no command, because an example would be a guess.
 */
function question(host: string, route: Route, tls: boolean, reach: Reach, target: string): string[] {
  const { path, pathType, filters, origin } = route;
  const title = `  # ${host === CATCH_ALL ? "any name" : host}${path} (${filters.regex ? "expression" : pathType}), Ingress ${origin.namespace}/${origin.name}: ${target}`;
  if (filters.regex && /[\\^$.*+?()[\]{}|]/.test(path)) return [title];
  const name = host === CATCH_ALL ? undefined : host.replace(/^\*/, "any");
  const expect = { status: 200, service: "" };
  return [title, `  ${curlLine({ title: "", path, expect, ...(name === undefined ? {} : { host: name }), ...(tls && name !== undefined ? { tls } : {}) }, reach)}`];
}

function targetText(route: Route, { pools }: Model): string {
  const backend = primaryOf(route.backend);
  if (backend.kind === "status") return String(backend.status);
  if (backend.kind === "default") return "the default backend";
  const empty = (pools.get(backend.pool)?.endpoints.length ?? 0) === 0 ? " (no endpoint: 503)" : "";
  return [`${backend.service}:${backend.port}${empty}`, ...canariesOf(route.backend).map((canary) => canary.backend.service)].join(", or its canary ");
}
