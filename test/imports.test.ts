/**
 * No files import each other in a circle, not even for types. The folders of the model have an order: each imports only
 * those before it. And an exported name stands for one thing.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MODEL = "src/model/";

/** Folders and files of src/model, in order: each may import those before it. */
const ROOMS = [
  "memory", "shapes", "findings", "grammar", "snippets", "config", "secrets", "model.ts", "annotations", "backends", "claims", "streams", "routes", "ingress", "credentials", "gateway", "build",
];

/** Files whose values, but not types, may have names that other files export too; and why. */
const VALUES_BEHIND_A_NAME: ReadonlyMap<string, string> = new Map([
  ["src/model/config/value-types.ts", "types of the ConfigMap's values: the table says `type.integer`"],
  ["src/model/config/operator-types.ts", "the same for what only operators write: the table says `operator.objectName`"],
  ["src/settings/values.ts", "types of flags: the table says `type.integer`"],
  ["edge/src/phases/self-test/run.ts", "called by nginx.conf by the phase: `selfTest.rewrite`"],
]);

/** File → the files of ours that it imports, for values or types. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(["src", "edge/src", "edge/stream"].flatMap(filesIn).map((file) => [file, importsOf(file)]));

function filesIn(folder: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => join(folder, file));
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  // Every way to write an import ends in one of these: `from "…"`, `import "…"`, `import("…"`.
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g)].map(([, at = ""]) => relative(ROOT, join(ROOT, dirname(file), at)));
}

/** The names of types and values that a file declares and exports; none for `.d.ts`, where nginx and LuaJIT chose the names. */
function exportsOf(file: string): ReadonlySet<string> {
  if (file.endsWith(".d.ts")) return new Set();
  const text = readFileSync(join(ROOT, file), "utf8");
  const kinds = VALUES_BEHIND_A_NAME.has(file) ? "interface|type|class|enum" : "interface|type|class|enum|function|const|let";
  const declared = Array.from(text.matchAll(new RegExp(`^export (?:abstract |async |const (?=enum))?(?:${kinds})\\*? (\\w+)`, "gm")), ([, name = ""]) => name);
  const listed = VALUES_BEHIND_A_NAME.has(file) ? [] : [...text.matchAll(/^export \{([^}]*)\};/gm)].flatMap(([, names = ""]) => names.split(",").map((name) => name.trim().split(" as ").at(-1) ?? ""));
  return new Set([...declared, ...listed].filter((name) => name !== ""));
}

/** Files of which each imports the next, and the last imports the first; undefined: there is no such circle. */
function circle(): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | undefined => {
    if (path.includes(file)) return path.slice(path.indexOf(file));
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const found = visit(file);
    if (found) return found;
  }
  return undefined;
}

function roomOf(file: string): string | undefined {
  return file.startsWith(MODEL) ? file.slice(MODEL.length).split("/")[0] : undefined;
}

test("imports are read", () => {
  assert.ok(imports.size > 300);
  assert.ok(imports.get("src/main.ts")?.length);
  assert.ok(imports.get("src/compile/program.ts")?.includes("edge/src/program.ts"));
});

test("no file imports one that needs it, for values or for types", () => {
  assert.deepEqual(circle(), undefined);
});

test("no room of the model imports a later one", () => {
  const place = (room: string): number => ROOMS.indexOf(room);
  for (const [file, all] of imports) {
    const room = roomOf(file);
    if (room === undefined) continue;
    assert.ok(place(room) >= 0, `${file} is in no room: add it to the list, where its imports allow`);
    for (const other of all) {
      const where = roomOf(other);
      if (where !== undefined) assert.ok(place(where) <= place(room), `${file} imports ${other}: ${room} comes before ${where}`);
    }
  }
});

test("an exported name stands for one thing", () => {
  const files = [...imports.keys()];
  for (const file of VALUES_BEHIND_A_NAME.keys()) assert.ok(imports.has(file), `${file} is gone: take it from the list`);
  assert.ok(exportsOf("edge/src/program.ts").has("EdgeRoute"));
  const by = Map.groupBy(files.flatMap((file) => [...exportsOf(file)].map((name) => ({ name, file }))), ({ name }) => name);
  const shared = [...by].filter(([, all]) => all.length > 1).map(([name, all]) => `${name}: ${all.map(({ file }) => file).join(", ")}`);
  assert.deepEqual(shared, [], "a name means one thing: say in the others' names what they are");
});
