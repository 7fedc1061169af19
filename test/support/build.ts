/**
 * Builds a Model from a handful of objects, and compares it in lines.
 */
import assert from "node:assert/strict";
import { buildModel } from "../../src/model/build/build.ts";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import type { Config } from "../../src/model/config/config.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import type { Route } from "../../src/model/shapes/routing.ts";
import type { Built } from "../../src/model/model.ts";
import { snapshotOf, testConfig, testSettings } from "./objects.ts";
import type { Given } from "./objects.ts";
import { printFindings, printRoutes } from "./print-model.ts";

export function build(...given: readonly Given[]): Built {
  return buildModel(snapshotOf(...given), testSettings, testConfig);
}

/** Builds with other flags or another Config. */
export function buildWith(change: Partial<ModelSettings> & { config?: Partial<Config> }, ...given: readonly Given[]): Built {
  const { config, ...settings } = change;
  return buildModel(snapshotOf(...given), { ...testSettings, ...settings }, { ...testConfig, ...config });
}

/** Compares the routes of all hosts. Leaves out the catch-all's route to the default backend, unless somebody declared it. */
export function expectRoutes({ model }: Built, ...lines: readonly string[]): void {
  const untouched = "_  /  prefix (nobody's) -> default backend";
  assert.deepEqual(printRoutes(model).filter((line) => line !== untouched), lines);
}

export function expectFindings(built: Built, ...lines: readonly string[]): void {
  assert.deepEqual(printFindings(built.findings()), lines);
}

/** The only finding with this code. */
export function findingOf(built: Built, code: string): Finding {
  const [first, ...others] = built.findings().filter((one) => one.code === code);
  assert.ok(first, `no finding ${code} among ${printFindings(built.findings()).join("; ")}`);
  assert.equal(others.length, 0, `more than one ${code}`);
  return first;
}

export function routeOf({ model }: Built, host: string, path: string, pathType = "prefix"): Route {
  const route = model.hosts.get(host)?.routes.find((one) => one.path === path && one.pathType === pathType);
  assert.ok(route, `no route ${host}${path} (${pathType}) in\n${printRoutes(model).join("\n")}`);
  return route;
}
