import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Source } from "../../../src/source/source.ts";
import { folderOf, service, startOn, told } from "./folder.ts";

const port = (source: Source, name: string): number | undefined => source.snapshot.get("Service", "default", name)?.spec.ports?.[0]?.port;
const changes = (source: Source): string[] => source.snapshot.takeChanges().map(({ name }) => name).sort();

test("a change puts the objects that it touches, and no others", async (t) => {
  const folder = folderOf(t, { "a.yaml": [service("a", 1), service("b", 1), service("c", 1)].join("---\n") });
  const { source, until } = await startOn(t, folder.path);
  changes(source);
  const untouched = source.snapshot.get("Service", "default", "c");
  folder.write("a.yaml", [service("new", 1), service("a", 1), `# a comment\n${service("b", 2)}`, `# moved\n${service("c", 1)}`].join("---\n"));
  await until(() => port(source, "b") === 2);
  assert.deepEqual(changes(source), ["b", "new"]);
  assert.equal(source.snapshot.get("Service", "default", "c"), untouched);
  assert.deepEqual([untouched?.origin?.document, untouched?.origin?.line("metadata.name")], [3, 20]);
});

test("documents that change their order are put anew, because order decides between Ingresses", async (t) => {
  const folder = folderOf(t, { "a.yaml": `${service("a", 1)}---\n${service("b", 1)}---\n${service("c", 1)}` });
  const { source, sync } = await startOn(t, folder.path);
  changes(source);
  folder.write("a.yaml", `${service("c", 1)}---\n${service("a", 1)}---\n${service("b", 1)}`);
  await sync();
  assert.deepEqual(changes(source), ["a", "b"]);
});

test("a file that becomes invalid takes nothing away until it is mended", async (t) => {
  const folder = folderOf(t, { "a.yaml": `${service("a", 1)}---\n${service("b", 1)}` });
  const { source, until } = await startOn(t, folder.path);
  folder.write("a.yaml", `${service("a", 2)}---\nkind: [Service\n`);
  await until(() => port(source, "a") === 2);
  assert.deepEqual(told(source.findings, folder), ["yaml-invalid a.yaml:7"]);
  assert.equal(port(source, "b"), 1);
  folder.write("a.yaml", service("a", 3));
  await until(() => port(source, "b") === undefined);
  assert.equal(port(source, "a"), 3);
  assert.deepEqual(source.findings, []);
});

test("a file that becomes empty takes nothing away while it may be being written, and is believed afterwards", async (t) => {
  const folder = folderOf(t, { "a.yaml": service("a", 1), "empty.yaml": "" });
  const { source, sync, until } = await startOn(t, folder.path);
  const file = join(folder.path, "a.yaml");
  truncateSync(file);
  folder.write("b.yaml", service("b", 1));
  await until(() => port(source, "b") === 1);
  // Waits until the source has looked at every changed file, and a second time at the empty one.
  await source.catchUp({ kind: "Ingress", namespace: "default", name: "a" }, new AbortController().signal);
  assert.equal(port(source, "a"), 1);
  assert.deepEqual(told(source.findings, folder), ["file-emptied a.yaml:1"]);
  folder.write("a.yaml", service("a", 2));
  await until(() => port(source, "a") === 2);
  assert.deepEqual(source.findings, []);
  truncateSync(file);
  const longAgo = new Date(Date.now() - 11_000);
  utimesSync(file, longAgo, longAgo);
  await until(() => port(source, "a") === undefined);
  assert.deepEqual(source.findings, []);
  folder.write("a.yaml", service("a", 3));
  await until(() => port(source, "a") === 3);
  truncateSync(file);
  await sync();
  assert.equal(port(source, "a"), undefined, "whoever asks for a full look gets what is there");
});

test("a file that is cut within a line, wherever, takes nothing away while it may be being written, and is believed afterwards", async (t) => {
  const text = `${service("a", 1)}---\n${service("b", 1)}`;
  const folder = folderOf(t, { "a.yaml": text });
  const { source, sync, until } = await startOn(t, folder.path);
  const file = join(folder.path, "a.yaml");
  const look = (): Promise<void> => source.catchUp({ kind: "Ingress", namespace: "default", name: "a" }, new AbortController().signal);
  const cuts = Array.from({ length: text.length - 1 }, (_, i) => i + 1).filter((length) => text[length - 1] !== "\n");
  assert.ok(cuts.length > 50);
  for (const length of cuts) {
    folder.write("a.yaml", text.slice(0, length));
    await look();
    assert.deepEqual([port(source, "a"), port(source, "b"), told(source.findings, folder)], [1, 1, ["file-cut a.yaml:1"]], JSON.stringify(text.slice(0, length)));
  }
  folder.write("a.yaml", text);
  await look();
  assert.deepEqual(source.findings, []);
  folder.write("a.yaml", service("a", 1).trimEnd());
  const longAgo = new Date(Date.now() - 11_000);
  utimesSync(file, longAgo, longAgo);
  await until(() => port(source, "b") === undefined);
  assert.deepEqual([port(source, "a"), source.findings], [1, []]);
  folder.write("a.yaml", text);
  await sync();
  folder.write("a.yaml", service("a", 1));
  await until(() => port(source, "b") === undefined);
  folder.write("a.yaml", text);
  await sync();
  folder.write("a.yaml", service("a", 1).trimEnd());
  await sync();
  assert.equal(port(source, "b"), undefined, "whoever asks for a full look gets what is there");
});

test("an object that becomes invalid keeps its last good version", async (t) => {
  const folder = folderOf(t, { "a.yaml": `${service("a", 1)}---\n${service("b", 1)}` });
  const { source, sync } = await startOn(t, folder.path);
  folder.write("a.yaml", service("a", 1).replace("port: 1", "port: one"));
  await sync();
  assert.deepEqual([port(source, "a"), port(source, "b")], [1, undefined]);
  assert.deepEqual(told(source.findings, folder), ["field-type a.yaml:4 spec.ports[0].port"]);
});

test("files and folders come, are renamed and go", async (t) => {
  const folder = folderOf(t, { "a.yaml": service("a", 1) });
  const { source, until } = await startOn(t, folder.path);
  folder.write("deep/er/b.yaml", service("b", 1));
  await until(() => port(source, "b") === 1);
  changes(source);
  renameSync(join(folder.path, "a.yaml"), join(folder.path, "z.yaml"));
  await until(() => source.snapshot.get("Service", "default", "a")?.origin?.file.endsWith("z.yaml") === true);
  rmSync(join(folder.path, "deep"), { recursive: true });
  unlinkSync(join(folder.path, "z.yaml"));
  await until(() => port(source, "a") === undefined && port(source, "b") === undefined);
});

test("a file that is replaced is never missed in between", async (t) => {
  const folder = folderOf(t, { "a.yaml": service("a", 1) });
  const { source, until } = await startOn(t, folder.path);
  changes(source);
  const path = join(folder.path, "a.yaml");
  // Writes as editors do that keep a backup: the file is away, then empty, then complete.
  renameSync(path, `${path}~`);
  writeFileSync(path, "");
  const seen: (number | undefined)[] = [];
  const watching = until(() => (seen.push(port(source, "a")), port(source, "a") === 2));
  writeFileSync(path, service("a", 2));
  await watching;
  assert.ok(!seen.slice(1).includes(undefined));
});

test("a ConfigMap mount is swapped as a whole", async (t) => {
  const folder = folderOf(t, { "..1/a.yaml": service("a", 1), "..2/a.yaml": service("a", 2) });
  symlinkSync("..1", join(folder.path, "..data"));
  symlinkSync("..data/a.yaml", join(folder.path, "a.yaml"));
  const { source, until } = await startOn(t, folder.path);
  assert.equal(port(source, "a"), 1);
  symlinkSync("..2", join(folder.path, "..data_tmp"));
  renameSync(join(folder.path, "..data_tmp"), join(folder.path, "..data"));
  await until(() => port(source, "a") === 2);
  assert.equal(source.snapshot.all("Service").size, 1);
});

test("of several declarations the last in path order serves, and the other when it goes", async (t) => {
  const folder = folderOf(t, { "a.yaml": service("a", 1), "b.yaml": service("a", 2) });
  const { source, sync } = await startOn(t, folder.path);
  assert.equal(port(source, "a"), 2);
  assert.deepEqual(told(source.findings, folder), ["duplicate-object a.yaml:3 metadata.name"]);
  unlinkSync(join(folder.path, "b.yaml"));
  await sync();
  assert.equal(port(source, "a"), 1);
  assert.deepEqual(source.findings, []);
});

test("links in a circle end, and a folder that vanishes altogether takes nothing away", async (t) => {
  const folder = folderOf(t, { "m/a.yaml": service("a", 1) });
  const root = join(folder.path, "m");
  symlinkSync(root, join(root, "again"));
  const { source, sync } = await startOn(t, root);
  assert.equal(port(source, "a"), 1);
  rmSync(root, { recursive: true });
  await sync();
  assert.deepEqual(source.findings.map(({ code }) => code), ["file-unreadable"]);
  assert.equal(port(source, "a"), 1);
  mkdirSync(root);
  folder.write("m/a.yaml", service("a", 3));
  await sync();
  assert.deepEqual([port(source, "a"), source.findings.length], [3, 0]);
});

test("sync rejects when it is called off", async (t) => {
  const folder = folderOf(t, { "a.yaml": service("a", 1) });
  const { source } = await startOn(t, folder.path);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(source.sync(stop.signal));
});
