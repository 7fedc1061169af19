/** One mistake, one finding, one remedy: also for a value without quotes that would be wrong even with quotes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationsByName } from "../../src/model/annotations/table.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { KEYS } from "../../src/model/config/keys.ts";
import { parseConfig } from "../../src/model/config/parse.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { toldFindings } from "../../src/report/told.ts";
import { parseSettings } from "../../src/settings.ts";
import { declarationsInto } from "../../src/source/manifests/declarations.ts";
import { Snapshot } from "../../src/source/snapshot.ts";

/** Values that are no texts in YAML, and words that only YAML 1.1 reads as booleans. */
const FORMS = ["yes", "off", "y", "true", "0", "1", "80", "-1.5", "0x1F", "12345678901234567890"];

/** Codes of findings that ask for something besides the value: they would be told with a right value, too. */
const OTHER_MATTERS: ReadonlySet<string> = new Set([
  "annotation-alone", "annotation-incomplete", "auth-without-url", "authentication-incomplete", "balancing-needs", "canary-needs-header",
  // This finding's remedy moves the annotation to another Ingress, with its value as it is.
  "annotation-on-canary",
  "canary-not-enabled", "client-auth-unused", "client-auth-without-secret", "limit-rate-unbuffered", "ssl-passthrough-not-offered", "tracing-off",
  "tracing-without-collector", "service-missing", "config-rules-idle", "config-syslog-without-host", "config-tracing-without-collector",
]);

const PREFIX = "nginx.ingress.kubernetes.io";
const ingress = (lines: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n${lines}spec:\n  rules:\n  - host: a.example\n    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}\n`;
const configMap = (line: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: shop}\ndata:\n${line}`;

const SETTINGS = parseSettings(["--manifests=/nowhere", "--watch-ingress-without-class"], "run", {});

function toldOf(text: string): readonly Finding[] {
  const snapshot = new Snapshot();
  const declarations = declarationsInto(snapshot);
  for (const _ of declarations.setText("/folder/file.yaml", text));
  declarations.commit(true);
  const { config, findings } = parseConfig(snapshot.get("ConfigMap", "shop", "config"));
  return toldFindings([...declarations.findings(), ...findings, ...createModelBuilder(SETTINGS).update(snapshot, [], config).findings()]);
}

/** Reads a file with this key and the value `form` without quotes, and checks that the findings about it give a single remedy. */
function check(key: string, form: string, file: (line: string) => string): void {
  const told = toldOf(file(`${key}: ${form}\n`)).filter(({ field }) => field.includes(key.trim()) || field.endsWith(`.${key.trim()}`));
  const others = told.filter(({ code }) => code !== "value-not-string");
  assert.ok(told.length > 0, `${key}: ${form} is told of`);
  if (others.length === told.length) return;
  assert.deepEqual(others.filter(({ code, elsewhere }) => elsewhere !== true && !OTHER_MATTERS.has(code)), [], `${key}: ${form} has two remedies`);
}

const names = [...[...annotationsByName.keys()].map((name) => `${PREFIX}/${name}`), "sluice.ingress/match", "sluice.ingress/path-annotations"];

for (const [of, more] of [["an Ingress", ""], ["a canary", `    ${PREFIX}/canary: "true"\n`]] as const) {
  test(`annotations of ${of}: quotes are advised where they mend it, and nowhere else`, () => {
    for (const name of names) {
      if (more !== "" && name === `${PREFIX}/canary`) continue;
      for (const form of FORMS) check(`    ${name}`, form, (line) => ingress(`${more}${line}`));
    }
  });
}

test("keys of the controller's ConfigMap: quotes are advised where they mend it, and nowhere else", () => {
  for (const { name } of KEYS) for (const form of FORMS) check(`  ${name}`, form, configMap);
});

test("an object that an annotation names and that does not exist is another matter", () => {
  const codes = (text: string): string[] => toldOf(text).filter(({ field }) => field.includes("auth-secret")).map(({ code }) => code);
  assert.deepEqual(codes(ingress(`    ${PREFIX}/auth-type: basic\n    ${PREFIX}/auth-secret: 1\n`)), ["annotation-reference", "value-not-string"]);
});

test("one mistake has one remedy", () => {
  const sentences = (line: string): string[] => toldOf(ingress(`    ${PREFIX}/${line}\n`)).filter(({ field }) => field.includes(PREFIX)).map(({ sentence }) => sentence);
  assert.deepEqual(sentences("ssl-redirect: yes"), ['"yes" is not valid for ssl-redirect: it must be "true" or "false"']);
  assert.deepEqual(sentences("ssl-redirect: true"), [`metadata.annotations[${PREFIX}/ssl-redirect] must be a string: write "true" in quotes`]);
  assert.deepEqual(sentences("proxy-buffering: on"), [`metadata.annotations[${PREFIX}/proxy-buffering] must be a string: write "on" in quotes`]);
});

test("no value at all is none", () => {
  for (const form of ["null", "~", ""]) assert.deepEqual(toldOf(ingress(`    ${PREFIX}/ssl-redirect: ${form}\n`)).filter(({ field }) => field.includes("ssl-redirect")), []);
});
