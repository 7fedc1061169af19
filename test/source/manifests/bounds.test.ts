/** Files beyond a bound: the finding says so, the objects that the file held before stay, and all others are read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf, service, startOn, told } from "./folder.ts";

const MIB = 1024 * 1024;
const ingress = (name: string, annotations = ""): string =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: ${name}\n${annotations}spec:\n  rules:\n  - host: ${name}.example\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend: {service: {name: web, port: {number: 80}}}\n`;
const configMap = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  x: ${value}\n`;

test("a file of more than 16 MiB is not read, and what it said before stays", async (t) => {
  const folder = folderOf(t, { "a.yaml": service("web", 80), "b.yaml": service("other", 80) });
  const { source, sync } = await startOn(t, folder.path);
  folder.write("a.yaml", `${configMap(`"${"a".repeat(17 * MIB)}"`)}`);
  await sync();
  assert.deepEqual(told(source.findings, folder), ["too-large a.yaml:1"]);
  assert.match(source.findings[0]?.sentence ?? "", /^This file has more than 16 MiB: split it$/);
  assert.deepEqual([...source.snapshot.all("Service").keys()], ["default/web", "default/other"]);
  folder.write("a.yaml", `${service("web", 81)}---\n${configMap(`"${"a".repeat(15 * MIB)}"`)}`);
  await sync();
  assert.deepEqual(source.findings, []);
  assert.equal(source.snapshot.get("Service", "default", "web")?.spec.ports?.[0]?.port, 81);
});

test("a document of more than 2 MiB is read where that is quick, and is a finding otherwise", async (t) => {
  const block = `|\n${"    a: b # c\n".repeat(3 * MIB / 13)}`;
  const folder = folderOf(t, {
    "block.yaml": `${configMap(block)}---\n${service("after", 80)}`,
    "object.json": JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "json" }, data: { x: "\\\"a: ".repeat(MIB) } }),
    "plain.yaml": configMap(`"${"a".repeat(3 * MIB)}"`).replace("big", "plain"),
  });
  const { source } = await startOn(t, folder.path);
  assert.deepEqual(told(source.findings, folder), ["too-large block.yaml:1"]);
  assert.match(source.findings[0]?.sentence ?? "", /^This document has more than 2 MiB or 150,000 fields: split it into several \(---\), or write it as JSON$/);
  assert.deepEqual([...source.snapshot.all("ConfigMap").keys()], ["default/json", "default/plain"]);
  assert.equal(source.snapshot.all("Service").size, 1, "its neighbour is read");
});

test("a document of very many fields is a finding, however short they are", async (t) => {
  const paths = (count: number): string => ingress("web").replace(/ {6}- path[^]*$/, Array.from({ length: count }, (_, i) => `      - {path: /${i}, pathType: Exact, backend: {service: {name: w, port: {number: 80}}}}\n`).join(""));
  const folder = folderOf(t, { "a.yaml": paths(2000) });
  const { source, sync } = await startOn(t, folder.path);
  assert.deepEqual(source.findings, []);
  folder.write("a.yaml", paths(15_000));
  await sync();
  assert.deepEqual(told(source.findings, folder), ["too-large a.yaml:1"]);
  assert.equal(source.snapshot.get("Ingress", "default", "web")?.spec.rules?.[0]?.http?.paths.length, 2000);
});

test("a List as kubectl prints it is read item by item, however long, with the lines of the file", async (t) => {
  const item = (name: string): string => ingress(name, `  annotations:\n    note: |\n      - a: b\n      kind: List\n    n: 1\n`).trimEnd().split("\n").map((line, at) => `${at === 0 ? "- " : "  "}${line}\n`).join("");
  const count = Math.ceil((2.2 * MIB) / item("web00000").length);
  const names = Array.from({ length: count }, (_, i) => `web${String(i).padStart(5, "0")}`);
  const text = `apiVersion: v1\nitems:\n${names.map(item).join("")}kind: List\nmetadata:\n  resourceVersion: ""\n`;
  const folder = folderOf(t, { "all.yaml": text });
  const { source, sync } = await startOn(t, folder.path);
  assert.equal(source.snapshot.all("Ingress").size, count);
  const read = source.snapshot.get("Ingress", "default", "web00007");
  assert.deepEqual(read?.metadata.annotations, { note: "- a: b\nkind: List\n", n: "1" });
  const lineOf = (wanted: string): number => text.slice(0, text.indexOf(wanted)).split("\n").length;
  assert.equal(read?.origin?.line("spec.rules[0].host"), lineOf("host: web00007.example"));
  const [first] = source.findings;
  assert.deepEqual([first?.code, first?.field, first?.line], ["value-not-string", "metadata.annotations.n", lineOf("n: 1\n")]);
  // An item that changes is one change, whatever the number of items.
  source.snapshot.takeChanges();
  folder.write("all.yaml", text.replace("web00009.example", "other.example"));
  await sync();
  assert.deepEqual(source.snapshot.takeChanges().map(({ name }) => name), ["web00009"]);
});

test("annotations of more than Kubernetes takes leave the object out, with one finding", async (t) => {
  const many = Array.from({ length: 40_000 }, (_, i) => `    nginx.ingress.kubernetes.io/x${i}: 1\n`).join("");
  const limit = 256 * 1024;
  const exactly = (size: number): string => ingress("web", `  annotations:\n    a: "${"x".repeat(size - 1)}"\n`);
  const folder = folderOf(t, { "a.yaml": ingress("many", `  annotations:\n${many}`), "b.yaml": exactly(limit) });
  const { source, sync } = await startOn(t, folder.path);
  assert.deepEqual(source.findings.map(({ code, field }) => `${code} ${field}`), ["field-type metadata.annotations"]);
  assert.match(source.findings[0]?.sentence ?? "", /^metadata\.annotations must be 262144 bytes long at most, names and values together, not \d+$/);
  assert.deepEqual([...source.snapshot.all("Ingress").keys()], ["default/web"]);
  folder.write("b.yaml", exactly(limit + 1));
  folder.write("a.yaml", ingress("many", `  annotations:\n${many}${many.replaceAll("/x", "/y")}`));
  await sync();
  assert.deepEqual(source.findings.map(({ code }) => code).sort(), ["field-type", "too-large"]);
});

test("of very many mistakes of one kind in one object the first are told, and how many more there are", async (t) => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `  x${i}: ${i % 2 === 0 ? "1" : "on"}\n`).join("");
  const paths = Array.from({ length: 1000 }, (_, i) => `      - {path: /${i}, backend: {service: {name: web, port: 80}}}\n`).join("");
  const folder = folderOf(t, {
    "a.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n${keys}`,
    "b.yaml": ingress("web").replace(/ {6}- path[^]*$/, paths),
  });
  const { source } = await startOn(t, folder.path);
  const count = (code: string): number => source.findings.filter((one) => one.code === code).length;
  assert.deepEqual(["value-not-string", "path-type-missing", "field-type"].map(count), [20, 20, 20]);
  assert.deepEqual(source.findings.filter(({ code }) => code === "findings-further").map(({ sentence }) => sentence).sort(), [
    "There are 980 more findings field-type about this object",
    "There are 980 more findings path-type-missing about this object",
    "There are 9980 more findings value-not-string about this object",
  ]);
});

test("text that is nested thousands of levels deep is a finding", async (t) => {
  const deep = 10_000;
  const folder = folderOf(t, { "flow.yaml": `a: ${"[".repeat(deep)}${"]".repeat(deep)}\n`, "json.json": `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`, "web.yaml": service("web", 80) });
  const { source } = await startOn(t, folder.path);
  assert.deepEqual(new Set(source.findings.map(({ code }) => code)), new Set(["yaml-invalid"]));
  assert.equal(source.snapshot.all("Service").size, 1);
});
