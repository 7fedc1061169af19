/**
 * Which annotations may cost a reload: exactly those whose declaration says so.
 *
 * Every Ingress of every case is built with all its annotations, and once more without each of them. What changes the profile of one of
 * its paths is part of a profile. That each annotation is in a case, test/annotations.test.ts asks.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { profileId, profileOf } from "../../src/compile/profiles.ts";
import { annotations, annotationsByName } from "../../src/model/annotations/table.ts";
import { buildModel } from "../../src/model/build/build.ts";
import type { ModelSettings } from "../../src/model/build/settings.ts";
import type { Config } from "../../src/model/config/config.ts";
import type { Model } from "../../src/model/model.ts";
import { primaryOf } from "../../src/model/shapes/routing.ts";
import { parseSettings } from "../../src/settings.ts";
import type { Ingress } from "../../src/source/objects.ts";
import type { Snapshot } from "../../src/source/snapshot.ts";
import { CASES, CONFIGMAP, readCases, type Case } from "../support/cases/case.ts";
import { compileFolder } from "../support/cases/compiled.ts";
import { ingress, ingressClass, PREFIX, secret, service, snapshotOf, testConfig, testSettings } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";
import { writeFiles } from "../support/sluice.ts";

/** Name → cases in which the annotation changes a profile. */
const parts = new Map<string, Set<string>>();
/** Case → annotations of its Ingresses. */
const uses = new Map<string, Set<string>>();

/** What no case serves, because nginx would need a module, or an authority. */
const BESIDE: readonly Readonly<Record<string, string>>[] = [
  { "client-body-buffer-size": "100m" },
  { "proxy-buffering": "on", "proxy-busy-buffers-size": "4k" },
  { "enable-modsecurity": "true", "enable-owasp-core-rules": "true", "modsecurity-transaction-id": "$request_id" },
  { "enable-modsecurity": "true", "modsecurity-snippet": "SecRuleEngine On" },
  { "backend-protocol": "HTTPS", "proxy-ssl-secret": "shop/ca", "proxy-ssl-verify": "on" },
];

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-reloads-"));
  for (const one of readCases()) await removeInCase(one);
  const authority = secret("shop/ca", { "ca.crt": selfSigned(["ca.example"]).chain });
  const ingresses = BESIDE.map((given, index) => Object.entries(given).reduce((draft, [name, value]) => draft.annotate(name, value), ingress(`shop/beside-${index}`).host(`beside-${index}.example`).path("/", "web:80")));
  const snapshot = snapshotOf(ingressClass("nginx"), service("shop/web", "80:8080"), authority, ...ingresses);
  removeEach("beside the cases", snapshot, testSettings, { ...testConfig, allowSnippetAnnotations: true, annotationsRiskLevel: "Critical" });
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function removeInCase(one: Case): Promise<void> {
  const files = join(folder, one.name);
  writeFiles(files, one.manifests);
  const { snapshot, model } = await compileFolder(files, one.flags);
  removeEach(one.name, snapshot, parseSettings([`--configmap=${CONFIGMAP}`, ...one.flags], "run", {}), model.config);
}

/** Takes each annotation out of each Ingress, and puts it back. */
function removeEach(place: string, snapshot: Snapshot, settings: ModelSettings, config: Config): void {
  const profiles = (): ReadonlyMap<string, string> => profilesOf(buildModel(snapshot, settings, config).model);
  const whole = profiles();
  for (const object of [...snapshot.all("Ingress").values()]) {
    for (const name of declaredOf(object)) {
      note(uses, place, name);
      snapshot.put<"Ingress">(without(object, name));
      const rest = profiles();
      if ([...whole].some(([route, id]) => (rest.get(route) ?? id) !== id)) note(parts, name, place);
    }
    snapshot.put<"Ingress">(object);
  }
}

function note(sets: Map<string, Set<string>>, key: string, value: string): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

/** Names of the table, for aliases, too. */
function declaredOf({ metadata: { annotations: given = {} } }: Ingress): ReadonlySet<string> {
  return new Set(Object.keys(given).flatMap((key) => (key.startsWith(`${PREFIX}/`) ? (annotationsByName.get(key.slice(PREFIX.length + 1))?.name ?? []) : [])));
}

function without(object: Ingress, name: string): Ingress {
  const { aliases = [] } = annotationsByName.get(name) ?? {};
  const gone = [name, ...aliases].map((one) => `${PREFIX}/${one}`);
  const left = Object.fromEntries(Object.entries(object.metadata.annotations ?? {}).filter(([key]) => !gone.includes(key)));
  return { ...object, metadata: { ...object.metadata, annotations: left } };
}

/** Path of an Ingress → its profile. Whether it has filters makes no other profile: nginx always has both, and every profile beside the usual one has them. */
function profilesOf({ hosts, config }: Model): ReadonlyMap<string, string> {
  return new Map([...hosts.values()].flatMap(({ name, routes }) => routes.flatMap(({ path, pathType, origin, backend, filters, when }) => {
    const primary = primaryOf(backend);
    // What is answered here, because it is closed for instance, has a profile for other reasons.
    if (primary.kind !== "service") return [];
    const id = profileId({ ...profileOf(primary.proxy, filters, config), filtered: true });
    return [[JSON.stringify([name, path, pathType, when, origin.namespace, origin.name]), id] as const];
  })));
}

test("an annotation is part of a profile exactly where its declaration says that it may cost a reload", () => {
  const declared = annotations.filter(({ reload }) => reload !== undefined).map(({ name }) => name);
  const found = [...parts].map(([name, where]) => `${name}${annotationsByName.get(name)?.reload === undefined ? ` (${[...where].join(", ")})` : ""}`);
  assert.deepEqual(found.sort(), declared.sort());
});

test("a case that had nginx reloaded for a profile uses an annotation that may cost that", () => {
  const counted = parse(readFileSync(join(CASES, "annotations/reloads.yaml"), "utf8")) as Readonly<Record<string, Readonly<Record<string, number>>>>;
  const unexplained = Object.entries(counted).filter(([name, reasons]) => reasons["new-profile"] !== undefined && ![...(uses.get(name) ?? [])].some((one) => annotationsByName.get(one)?.reload !== undefined));
  assert.deepEqual(unexplained, []);
});
