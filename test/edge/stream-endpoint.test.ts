/** How a connection below http finds its endpoint: the code under test also runs in nginx, as it is here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceIn, fileOf, keptEndpoint, recentFailures, nameInFile, withoutFailed } from "../../edge/stream/endpoint.ts";

const FILE = "\ntcp 9000\t\t10.0.0.1:80 10.0.0.2:80\nudp 53\tflow\t[fd00::1]:53\ntls shop.example\t\t\n";

test("an id is found as a whole", () => {
  assert.deepEqual(choiceIn(FILE, "tcp 9000"), { keep: "", endpoints: ["10.0.0.1:80", "10.0.0.2:80"] });
  assert.deepEqual(choiceIn(FILE, "udp 53"), { keep: "flow", endpoints: ["[fd00::1]:53"] });
  assert.deepEqual(choiceIn(FILE, "tls shop.example"), { keep: "", endpoints: [] });
  for (const id of ["tcp 900", "cp 9000", "tcp 90000", "", "tls ", "tls example"]) assert.equal(choiceIn(FILE, id), undefined, id);
  assert.equal(choiceIn("", "tcp 9000"), undefined);
});

test("every id has a file, and thousands of hosts share many", () => {
  assert.deepEqual(["tcp 9000", "udp 53", "tcp 127.0.0.5 80"].map(fileOf), ["tcp-9000", "udp-53", "tcp-127.0.0.5-80"]);
  const counts = new Map<string, number>();
  for (let i = 0; i < 5000; i++) counts.set(fileOf(`tls host${i}.example`), (counts.get(fileOf(`tls host${i}.example`)) ?? 0) + 1);
  assert.ok(counts.size > 900 && Math.max(...counts.values()) < 20, `${counts.size} files, at most ${Math.max(...counts.values())} hosts`);
});

test("server names that are none find nothing, others do in any case", () => {
  assert.equal(nameInFile("Shop.Example"), "shop.example");
  for (const name of [undefined, "", "a b", "a\tb", "a\nb", "ä.example", "a".repeat(254), "*.example"]) assert.equal(nameInFile(name), "", name);
});

test("a client keeps to its endpoint; only those of an endpoint that went move", () => {
  const endpoints = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"];
  const fewer = endpoints.slice(1);
  const counts = new Map<string, number>();
  for (let i = 0; i < 4000; i++) {
    const client = `192.0.2.${i % 250} ${1024 + i}`;
    const kept = keptEndpoint(endpoints, client);
    counts.set(kept, (counts.get(kept) ?? 0) + 1);
    assert.equal(keptEndpoint([...endpoints].reverse(), client), kept);
    if (kept !== endpoints[0]) assert.equal(keptEndpoint(fewer, client), kept);
  }
  for (const endpoint of endpoints) assert.ok(Math.abs((counts.get(endpoint) ?? 0) - 1000) < 150, JSON.stringify([...counts]));
});

test("failures count for ten seconds, and never leave a connection without an endpoint", () => {
  const text = "1000 a:1\n5000 b:1\nnonsense\n\n";
  assert.deepEqual(recentFailures(text, 10_999), ["1000 a:1", "5000 b:1"]);
  assert.deepEqual(recentFailures(text, 11_000), ["5000 b:1"]);
  assert.deepEqual(withoutFailed(["a:1", "b:1", "c:1"], ["5000 b:1"]), ["a:1", "c:1"]);
  assert.deepEqual(withoutFailed(["a:1", "b:1"], ["1 a:1", "1 b:1"]), ["a:1", "b:1"]);
  assert.deepEqual(withoutFailed(["a:1"], []), ["a:1"]);
});
