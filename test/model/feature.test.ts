/** A feature is one file and one line in the list. The test adds the feature that CONTRIBUTING.md shows to a list without it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FEATURES } from "../../src/model/annotations/features.ts";
import type { Feature } from "../../src/model/annotations/feature.ts";
import { cors } from "../../src/model/annotations/features/cors.ts";
import { logFeature, logs } from "../../src/model/annotations/features/logs.ts";
import { readAnnotations } from "../../src/model/annotations/read.ts";
import type { ReadAnnotations } from "../../src/model/annotations/read.ts";
import { defaultValues } from "../../src/model/annotations/table.ts";
import { filtersOf } from "../../src/model/annotations/filters.ts";
import { lookupIn } from "../../src/model/shapes/lookup.ts";
import type { Filters } from "../../src/model/shapes/routing.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { ingress, PREFIX, testConfig, testSettings } from "../support/objects.ts";

const others = FEATURES.filter((feature) => feature !== logFeature);
const quiet = ingress("shop/web").annotate("enable-access-log", "false").object;

function read(features: readonly Feature[]): ReadAnnotations {
  const lookup = lookupIn(new Snapshot(), new Set());
  return readAnnotations(quiet, { annotationsPrefix: PREFIX, defaults: defaultValues(testConfig, features), config: testConfig, settings: testSettings, lookup }, features);
}

function filters(features: readonly Feature[]): Filters {
  const { values } = read(features);
  const context = { host: "shop.example", path: "/", pathType: "prefix", namespace: "shop", ingress: "web", shared: values, config: testConfig, httpsPort: 443 } as const;
  return filtersOf(values, context, features);
}

test("the feature that CONTRIBUTING.md shows is the one that is tried here", () => {
  const shown = /^```ts\n(.*?)^```$/ms.exec(readFileSync(new URL("../../CONTRIBUTING.md", import.meta.url), "utf8"))?.[1];
  assert.equal(shown, readFileSync(new URL("../../src/model/annotations/features/logs.ts", import.meta.url), "utf8"));
});

test("without its line nobody knows of it", () => {
  const { findings, values } = read(others);
  assert.deepEqual(findings.map(({ code }) => code), ["annotation-unknown"]);
  assert.deepEqual(filters(others), { httpsRedirect: "certificate", preserveTrailingSlash: false });
  assert.throws(() => logs.of(values), /no feature of the list has the slot "logs"/);
});

test("with it its annotations are read, have their defaults, and reach the route", () => {
  const added = [...others, logFeature];
  const { findings, values } = read(added);
  assert.deepEqual(findings, []);
  assert.deepEqual(logs.of(values), { access: false, rewrites: false });
  assert.deepEqual(filters(added).edge, { quiet: true });
});

test("what annotations leave alone is shared with the defaults", () => {
  const defaults = defaultValues(testConfig);
  const changed = logs.with(defaults, { rewrites: true });
  assert.deepEqual([logs.of(defaults).rewrites, logs.of(changed)], [false, { access: true, rewrites: true }]);
  assert.equal(cors.of(changed), cors.of(defaults));
});

test("every feature is in the list, once", async () => {
  const folder = new URL("../../src/model/annotations/features/", import.meta.url);
  const modules = await Promise.all(readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => import(new URL(name, folder).href) as Promise<Record<string, unknown>>));
  const exported = modules.flatMap((all) => Object.entries(all).filter(([name]) => name.endsWith("Feature")).map(([, feature]) => feature));
  assert.deepEqual(new Set(exported), new Set(FEATURES));
  assert.equal(new Set(FEATURES).size, FEATURES.length);
  const slots = FEATURES.flatMap(({ slot }) => slot ?? []);
  assert.equal(new Set(slots.map(({ name }) => name)).size, slots.length);
});
