/** The files from which connections below http get their endpoints: a file that cannot be written is a known problem, and is written later. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import * as fc from "fast-check";
import type { Frame } from "../../edge/src/program.ts";
import { choiceIn, fileOf } from "../../edge/stream/endpoint.ts";
import { EndpointFiles } from "../../src/engine/agent/endpoint-files.ts";
import { runtimeFolder } from "../support/engine.ts";

let folder: string;
beforeEach(() => {
  folder = runtimeFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const set = (id: string, version: number): Frame => ({ op: "set", kind: "stream", id, value: { endpoints: [`10.0.0.1:${version}`] } });
const drop = (id: string): Frame => ({ op: "drop", kind: "stream", id });
const path = (id: string): string => `${folder}/endpoints/${fileOf(id)}`;

/** The endpoints that the file gives to a connection for this id; undefined: there is no file that can be read. */
function leads(id: string): string | undefined {
  try {
    return choiceIn(readFileSync(path(id), "utf8"), id)?.endpoints.join();
  } catch {
    return undefined;
  }
}

/** Makes writes of this id's file fail, until `free`. */
const block = (id: string): void => void mkdirSync(`${path(id)}.new/in-the-way`, { recursive: true });
const free = (id: string): void => rmSync(`${path(id)}.new`, { recursive: true, force: true });

test("a file that cannot be written is a problem until it is, and keeps no other", () => {
  const files = new EndpointFiles(folder, undefined);
  files.commit([{ op: "reset" }, set("tcp 1", 1), set("tcp 2", 1)]);
  assert.equal(files.problem, undefined);
  block("tcp 1");
  files.commit([set("tcp 1", 2), set("tcp 2", 2)]);
  assert.notEqual(files.problem, undefined);
  assert.deepEqual([leads("tcp 1"), leads("tcp 2")], ["10.0.0.1:1", "10.0.0.1:2"]);
  files.commit([{ op: "set", kind: "pool", id: "p", value: { name: "p", endpoints: [] } }]);
  assert.notEqual(files.problem, undefined, "a later commit mends nothing");
  free("tcp 1");
  files.write();
  assert.deepEqual([files.problem, leads("tcp 1"), leads("tcp 2")], [undefined, "10.0.0.1:2", "10.0.0.1:2"]);
});

test("what an earlier agent left is swept when all streams were told of, also where that could not be written at once", () => {
  mkdirSync(`${folder}/endpoints`);
  writeFileSync(path("tcp 9"), "\ntcp 9\t\t10.0.0.1:9\n");
  const files = new EndpointFiles(folder, undefined);
  block("tcp 1");
  files.commit([{ op: "reset" }, set("tcp 1", 1)]);
  assert.notEqual(files.problem, undefined);
  free("tcp 1");
  files.write();
  assert.deepEqual([files.problem, readdirSync(`${folder}/endpoints`)], [undefined, [fileOf("tcp 1")]]);
});

test("whatever fails in between: without a problem every connection is led by the last commit", () => {
  const id = fc.constantFrom("tcp 1", "tcp 2", "udp 1", "tls a.example", "tls b.example");
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.tuple(id, fc.option(fc.nat(9))), { maxLength: 3 }).map((changes) => ({ changes })) },
    { weight: 1, arbitrary: id.map((name) => ({ block: name })) },
    { weight: 2, arbitrary: id.map((name) => ({ free: name })) },
    { weight: 1, arbitrary: fc.constant("reset" as const) },
  );
  let problems = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: "max" }), (steps) => {
      rmSync(`${folder}/endpoints`, { recursive: true, force: true });
      const files = new EndpointFiles(folder, undefined);
      files.commit([{ op: "reset" }]);
      const wanted = new Map<string, number>();
      const check = (): void => {
        if (files.problem !== undefined) return void problems++;
        for (const name of ["tcp 1", "tcp 2", "udp 1", "tls a.example", "tls b.example"]) {
          const version = wanted.get(name);
          assert.equal(leads(name), version === undefined ? undefined : `10.0.0.1:${version}`, name);
        }
      };
      for (const one of steps) {
        if (one === "reset") {
          files.commit([{ op: "reset" }, ...[...wanted].map(([name, version]) => set(name, version))]);
        } else if ("block" in one) block(one.block);
        else if ("free" in one) {
          free(one.free);
          files.write();
        } else {
          for (const [name, version] of one.changes) {
            if (version === null) wanted.delete(name);
            else wanted.set(name, version);
          }
          files.commit(one.changes.map(([name, version]) => (version === null ? drop(name) : set(name, version))));
        }
        check();
      }
      for (const name of ["tcp 1", "tcp 2", "udp 1", "tls a.example", "tls b.example"]) free(name);
      files.write();
      assert.equal(files.problem, undefined);
      check();
    }),
    { numRuns: 100 },
  );
  assert.ok(problems > 20, String(problems));
});
