/**
 * Blanks around the value of an annotation are no part of the value, for every annotation: each Ingress of each case
 * means the same when all its values are padded.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildModel } from "../../src/model/build/build.ts";
import { annotationsByName } from "../../src/model/annotations/table.ts";
import { OWN_PREFIX } from "../../src/model/annotations/sluice/prefix.ts";
import { parseConfig } from "../../src/model/config/parse.ts";
import { parseSettings } from "../../src/settings.ts";
import { manifestsSource } from "../../src/source/manifests.ts";
import type { Ingress } from "../../src/source/objects.ts";
import type { Snapshot } from "../../src/source/snapshot.ts";
import { splitName } from "../../src/support/namespaced-name.ts";
import { CONFIGMAP, readCases } from "../support/cases/case.ts";
import type { Case } from "../support/cases/case.ts";
import { ingress, PREFIX, service, slice, snapshotOf, testConfig, testSettings } from "../support/objects.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-blanks-"));
after(() => rmSync(folder, { recursive: true }));

/** Blanks around a value. YAML, in Sluice's own annotations, may only be moved down: at its start, blanks would be indentation. */
const PADDINGS: readonly (readonly [before: string, beforeYaml: string, after: string])[] = [
  [" ", "\n", " "],
  ["\t", " \n", "\t"],
  ["\n", "\t\n", "\n"],
  ["\r\n \t", "\r\n", " \t\r\n \n"],
];

type Change = (name: string, value: string) => string;
const trimmed: Change = (name, value) => (name.startsWith(`${OWN_PREFIX}/`) ? value : value.trim());

function changed(given: Ingress, change: Change): Ingress {
  const { annotations = {} } = given.metadata;
  const entries = Object.entries(annotations).map(([name, value]) => {
    const ours = name.startsWith(`${PREFIX}/`) || name.startsWith(`${OWN_PREFIX}/`);
    return [name, ours ? change(name, value) : value] as const;
  });
  return { ...given, metadata: { ...given.metadata, annotations: Object.fromEntries(entries) } };
}

async function snapshotOfCase({ name, manifests }: Case): Promise<Snapshot> {
  const files = Object.entries(manifests).map(([file, text]) => [join(folder, `${name.replaceAll("/", "-")}-${file}`), text] as const);
  for (const [file, text] of files) writeFileSync(file, text);
  const source = manifestsSource({ folders: files.map(([file]) => file), log: () => {} });
  const ending = new AbortController();
  await source.start(() => {}, ending.signal);
  ending.abort();
  return source.snapshot;
}

/** Everything that the model makes of these objects: routing and findings. */
function meaning(snapshot: Snapshot, flags: readonly string[], change: Change): unknown {
  for (const one of [...snapshot.all("Ingress").values()]) snapshot.put<"Ingress">(changed(one, change));
  const settings = parseSettings([`--configmap=${CONFIGMAP}`, ...flags], "run", {});
  const ref = splitName(settings.configmap);
  const { config } = parseConfig(ref && snapshot.get("ConfigMap", ref.namespace, ref.name), undefined, snapshot);
  const built = buildModel(snapshot, settings, config);
  const { hosts, pools, aliases, tls } = built.model;
  const findings = [...built.findings()].map(({ code, field, sentence, effect }) => ({ code, field, sentence, effect }));
  return { hosts, pools, aliases, tls, findings };
}

const cases = readCases();
const seen = new Set<string>();
const snapshots = new Map<string, Snapshot>();

before(async () => {
  for (const one of cases) {
    const snapshot = await snapshotOfCase(one);
    snapshots.set(one.name, snapshot);
    for (const { metadata } of snapshot.all("Ingress").values()) for (const name in metadata.annotations) seen.add(name);
  }
});

for (const { name, flags } of cases) {
  test(`blanks around the values of ${name} change nothing`, () => {
    const snapshot = snapshots.get(name);
    assert.ok(snapshot);
    const plain = new Map([...snapshot.all("Ingress")]);
    const wanted = meaning(snapshot, flags, trimmed);
    for (const [ahead, aheadYaml, behind] of PADDINGS) {
      for (const one of plain.values()) snapshot.put<"Ingress">(one);
      const padded: Change = (key, value) => `${key.startsWith(`${OWN_PREFIX}/`) ? aheadYaml : ahead}${trimmed(key, value)}${behind}`;
      assert.deepEqual(meaning(snapshot, flags, padded), wanted, JSON.stringify([ahead, behind]));
    }
  });
}

test("every annotation is in one of those cases", () => {
  const missing = [...annotationsByName.keys()].filter((name) => !seen.has(`${PREFIX}/${name}`));
  assert.deepEqual(missing, []);
  for (const name of ["match", "path-annotations"]) assert.ok(seen.has(`${OWN_PREFIX}/${name}`), name);
});

test("a value of blanks alone counts as absent, whatever the annotation", () => {
  const shop = ingress("shop/web").host("shop.example").path("/", "web:80");
  const meant = (one: Ingress): unknown => {
    const built = buildModel(snapshotOf(one, service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")), testSettings, testConfig);
    return { hosts: built.model.hosts, findings: built.findings() };
  };
  const wanted = meant(shop.object);
  for (const name of annotationsByName.keys()) assert.deepEqual(meant(shop.annotate(name, " \t\r\n ").object), wanted, name);
  for (const name of ["match", "path-annotations"]) assert.deepEqual(meant(shop.rawAnnotation(`${OWN_PREFIX}/${name}`, " \n\n").object), wanted, name);
});
