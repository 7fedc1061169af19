/** A JSON document is read as JSON wherever in a file it stands, and has the meaning and the lines that the same text has as YAML. */
import { workOf } from "../../support/work.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { createModelBuilder } from "../../../src/model/build/build.ts";
import { parseConfig } from "../../../src/model/config/parse.ts";
import { parseSettings } from "../../../src/settings.ts";
import { declarationsInto } from "../../../src/source/manifests/declarations.ts";
import { parseDocument } from "../../../src/source/manifests/documents.ts";
import { readJson } from "../../../src/source/manifests/json.ts";
import { Snapshot } from "../../../src/source/snapshot.ts";
import { service } from "./folder.ts";
import { runs } from "../../support/runs.ts";

/** Files with the document at several places. */
const PLACES: Readonly<Record<string, (document: string) => string>> = {
  "alone": (document) => document,
  "among others": (document) => `${service("before", 80)}---\n${document}\n---\n${service("after", 80)}`,
  "behind its dashes": (document) => `${service("before", 80)}--- ${document}\n`,
  "between comments": (document) => `${service("before", 80)}--- # {\n\n# }\n  # "\n${document} # }\n#\n\n---\n${service("after", 80)}`,
  "before an end": (document) => `${document}\n# "\n...\n${service("after", 80)}`,
};

/** The same lines, but no JSON: a comma before the last brace makes sure that the YAML parser reads the text. */
const asYaml = (json: string): string => json.replace(/\}\s*$/, ",$&");

const SETTINGS = parseSettings(["--manifests=/nowhere", "--watch-ingress-without-class"], "run", {});

/** The objects of a file, and the findings about them. */
function meaning(text: string): { readonly objects: unknown; readonly told: unknown } {
  const snapshot = new Snapshot();
  const declarations = declarationsInto(snapshot);
  for (const _ of declarations.setText("/folder/file.yaml", text));
  declarations.commit(true);
  const model = createModelBuilder(SETTINGS).update(snapshot, [], parseConfig(undefined).config);
  const objects = (["Ingress", "Service", "ConfigMap"] as const).flatMap((kind) => [...snapshot.all(kind).values()]);
  return {
    objects: objects.map((object) => ({ ...object, origin: undefined })),
    told: [...declarations.findings(), ...model.findings()].map(({ code, line, field, sentence }) => `${code}:${line} ${field} ${sentence}`).sort(),
  };
}

/** A JSON value for `print`; unlike a JavaScript object, it may have a key twice. */
type Written = string | number | boolean | null | { readonly raw: string } | readonly Written[] | { readonly members: readonly (readonly [string, Written])[] };

const members = (one: Readonly<Record<string, Written>>, ...more: readonly (readonly [string, Written])[]): Written => ({ members: [...Object.entries(one), ...more] });

/** The JSON text of a value. @param blanks the blanks between tokens, used in turn. */
function print(value: Written, blanks: readonly string[]): string {
  let next = 0;
  const blank = (): string => blanks[next++ % blanks.length] ?? "";
  const list = (parts: readonly (() => string)[]): string => parts.map((part) => `${blank()}${part()}${blank()}`).join(",");
  const one = (what: Written): string => {
    if (typeof what !== "object" || what === null) return JSON.stringify(what);
    if ("raw" in what) return what.raw;
    if ("members" in what) return `{${list(what.members.map(([key, value]) => () => `${JSON.stringify(key)}${blank()}:${blank()}${one(value)}`))}}`;
    return `[${list(what.map((element) => () => one(element)))}]`;
  };
  return one(value);
}

const name = fc.constantFrom("a", "b/c", "path", "name", "host", "<<", "__proto__", 'with "quotes"', "with\nlines", "x: # {y}", "é\u{1F600}\u2028", "1", "");
const scalar: fc.Arbitrary<Written> = fc.oneof(
  fc.constantFrom("", "yes", "on", "1", "{", '"', "\\", "\\\"", "# no comment", "---", "a\n---\nb", "*a", "&a", "\u{1F600}", "\ud800", "\u0000\u007f\u2028", "/"),
  fc.constantFrom(true, false, null, 0, 80, -1.5),
  fc.constantFrom(...["1e400", "-0", "1.0", "1E3", "12345678901234567890", '"\\u0041\\/\\u00e9"'].map((raw) => ({ raw }))),
);
const anything: fc.Arbitrary<Written> = fc.letrec<{ any: Written }>((tie) => ({
  any: fc.oneof({ depthSize: "small" }, scalar, fc.array(tie("any"), { maxLength: 3 }), fc.array(fc.tuple(name, tie("any")), { maxLength: 3 }).map((all) => ({ members: all }))),
})).any;
const extra = fc.array(fc.tuple(name, anything), { maxLength: 2 });

const path: fc.Arbitrary<Written> = fc.record({ path: fc.constantFrom("/", "", "no"), type: fc.boolean(), old: fc.boolean(), extra }).map(({ path: text, type, old, extra: more }) =>
  members({
    ...(type ? { pathType: "Prefix" } : {}),
    path: text,
    backend: old ? members({ serviceName: "web", servicePort: 80 }) : members({ service: members({ name: "web", port: members({ number: 80 }) }) }),
  }, ...more));
const ingress: fc.Arbitrary<Written> = fc.record({ annotations: extra, meta: extra, spec: extra, paths: fc.array(path, { maxLength: 3 }) }).map((one) =>
  members({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: members({ name: "web", annotations: members({ "nginx.ingress.kubernetes.io/proxy-body-size": "lots" }, ...one.annotations) }, ...one.meta),
    spec: members({ rules: [members({ host: "a.example", http: members({ paths: one.paths }) })] }, ...one.spec),
  }));
const configMap: fc.Arbitrary<Written> = fc.record({ data: extra, root: extra }).map(({ data, root }) =>
  members({ apiVersion: "v1", kind: "ConfigMap", metadata: members({ name: "c" }), data: members({}, ...data) }, ...root));
const object = fc.oneof(ingress, configMap, fc.array(fc.oneof(ingress, configMap), { maxLength: 3 }).map((items) => members({ apiVersion: "v1", kind: "List", items })));
const blanks = fc.array(fc.constantFrom("", " ", "\n", "\n  ", "\n\n", "\r\n "), { minLength: 1, maxLength: 12 });

for (const [where, place] of Object.entries(PLACES)) {
  test(`${where}, JSON means what the YAML parser reads in the same text, and findings have the same lines`, () => {
    fc.assert(
      fc.property(object, blanks, (written, between) => {
        const json = print(written, between);
        assert.deepEqual([readJson(json) === undefined, readJson(asYaml(json))], [false, undefined]);
        assert.deepEqual(meaning(place(json)), meaning(place(asYaml(json))));
      }),
      { numRuns: runs(300) },
    );
  });
}

test("JSON means what it means as block YAML", () => {
  fc.assert(
    fc.property(object, blanks, (written, between) => {
      const json = print(written, between);
      fc.pre((readJson(json)?.doubled.length ?? 1) === 0);
      const yaml = stringify(JSON.parse(json), { merge: true });
      fc.pre(!json.includes("__proto__") && !json.includes('"<<"'));
      assert.deepEqual(meaning(yaml).objects, meaning(json).objects);
    }),
    { numRuns: 100 },
  );
});

/** Texts, and whether they are valid JSON. */
const FORMS: readonly (readonly [string, boolean])[] = [
  ['{"a": 1}', true],
  ['\n\t{"a":\t[1, {"b": null}]}\t\n', true],
  [`{"${"k".repeat(2000)}": 1}`, true],
  ['--- {"a": "---"} # end\n# {\n', true],
  ["{}", true],
  ["{a: 1}", false],
  ['{"a": 1, b: on}', false],
  ["{'a': 1}", false],
  ['{"a": "\\x41"}', false],
  ['{"a": "two\n  lines"}', false],
  ['{"a": 0x1F}', false],
  ['{"a": 1,}', false],
  ['{"a"}', false],
  ['{"a": 1 # one\n}', false],
  ['{"a": [1,]}', false],
  ['{"a": [,1]}', false],
  ['{"a": 1}#end', false],
  ['{"a": 1} {"b": 1}', false],
  ['{"a": 1}: b', false],
  ['{"a": 1', false],
  ['{"a": "1', false],
  ['---{"a": 1}', false],
  ['--- &a {"a": 1}', false],
  ['--- !!map {"a": 1}', false],
  ['["a"]', false],
  ['"{}"', false],
];

test("what is no JSON is left to the YAML parser, and what is has JSON's value", () => {
  for (const [text, json] of FORMS) assert.equal(readJson(text) !== undefined, json, text);
  const valueOf = (text: string): unknown => {
    const parsed = parseDocument(text);
    return parsed.valid ? parsed.value : "invalid";
  };
  assert.deepEqual(FORMS.slice(5, 12).map(([text]) => JSON.stringify(valueOf(text))), ['{"a":1}', '{"a":1,"b":"on"}', '{"a":1}', '{"a":"A"}', '{"a":"two lines"}', '{"a":31}', '{"a":1}']);
});

const paths = (mistakes: Readonly<Record<string, Written>>): string =>
  print(members({
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: members({ name: "web" }),
    spec: members({ ...mistakes, rules: [members({ host: "a.example", http: members({ paths: Array.from({ length: 300 }, (_, i) => members({ path: `/p${i}`, pathType: "Prefix" })) }) })] }),
  }), [" "]);

for (const [where, place] of Object.entries(PLACES)) {
  test(`${where}, JSON costs a part of what YAML costs, mistakes or not`, async () => {
    for (const mistakes of [{}, { spek: 1 }]) {
      const [json, yaml] = [place(paths(mistakes)), place(asYaml(paths(mistakes)))];
      meaning(json);
      meaning(yaml);
      const read = (text: string): Promise<number> => workOf(() => {
        const declarations = declarationsInto(new Snapshot());
        for (const _ of declarations.setText("/folder/file.yaml", text));
        declarations.commit(true);
        declarations.findings();
      });
      const [ofJson, ofYaml] = [await read(json), await read(yaml)];
      assert.ok(ofJson * 3 < ofYaml, `${ofJson} as JSON, ${ofYaml} as YAML`);
    }
  });
}
