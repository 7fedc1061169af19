/** No two files need each other, not even for their types; and the rooms of the model come one after the other. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MODEL = "src/model/";

/** In src/model each may import those before it. */
const ROOMS = [
  "memory", "shapes", "findings", "grammar", "snippets", "config", "secrets", "model.ts", "annotations", "ingress", "backends", "streams", "routes", "credentials", "build",
];

/** File → the files of ours that it imports, for values or types. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(["src", "edge/src", "edge/stream"].flatMap(filesIn).map((file) => [file, importsOf(file)]));

function filesIn(folder: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => join(folder, file));
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s[^;"]*?from "(\.[^"]+)";|\bimport\("(\.[^"]+)"\)/gm)].map(([, at, called]) => relative(ROOT, join(ROOT, dirname(file), at ?? called ?? "")));
}

/** Files of which each imports the next, and the last the first; undefined: there are none. */
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
