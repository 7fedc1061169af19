/** The journal in the controller: bounded, and told to whoever watches. */
import assert from "node:assert/strict";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { JournalRow } from "../../edge/src/journal.ts";
import { createJournal } from "../../src/report/journal.ts";
import { answerRequests } from "../../src/report/requests-api.ts";

function row(path: string): JournalRow {
  return {
    time: 0, took: 0, client: "127.0.0.1", method: "GET", scheme: "http", host: "a.example", path, status: 200, reason: "",
    route: "/", namespace: "shop", ingress: "web", service: "web", canary: "", upstream: "10.0.0.1:80", answers: "200", id: "",
  };
}

test("the newest rows are kept, however many come", () => {
  const journal = createJournal(() => {});
  for (let turn = 0; turn < 200; turn++) journal.take(Array.from({ length: 100 }, (_, index) => row(`/${turn * 100 + index}`)), 0);
  const paths = journal.newest().map(({ path }) => path);
  assert.deepEqual([paths.length, paths[0], paths.at(-1)], [4096, `/${20_000 - 4096}`, "/19999"]);
});

test("workers are asked to note everything for as long as somebody watches, and not longer", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const asked: number[] = [];
  const journal = createJournal((seconds) => asked.push(seconds));
  const seen: string[] = [];
  const ends = [1, 2].map(() => journal.watch({ rows: (rows, dropped) => void seen.push(`${rows.length}+${dropped}`) }));
  assert.equal(asked.length, 2, "a watcher is not kept waiting for the next turn");
  t.mock.timers.tick(12_000);
  assert.equal(asked.length, 5);
  assert.ok(asked.every((seconds) => seconds * 1000 > 8000), "a word that is late, or lost, leaves no gap");
  journal.take([row("/")], 7);
  assert.deepEqual(seen, ["1+7", "1+7"]);
  for (const end of ends) end?.();
  t.mock.timers.tick(60_000);
  journal.take([row("/")], 0);
  assert.deepEqual([asked.length, seen.length], [5, 2]);
});

test("only so many may watch", () => {
  const journal = createJournal(() => {});
  const ends = Array.from({ length: 16 }, () => journal.watch({ rows: () => {} }));
  assert.ok(ends.every((end) => end !== undefined));
  assert.equal(journal.watch({ rows: () => {} }), undefined);
  ends[0]?.();
  assert.ok(journal.watch({ rows: () => {} }));
  for (const end of ends) end?.();
});

test("who reads slowly is told how much was left out, and takes no memory meanwhile", async (t) => {
  const journal = createJournal(() => {});
  let waiting = 0;
  const server = createServer((_, response) => {
    answerRequests(journal, true, response);
    journal.take([row("/first")], 3);
    const rows = Array.from({ length: 100 }, () => row(`/${"x".repeat(500)}`));
    for (let turn = 0; turn < 500; turn++) journal.take(rows, 0);
    waiting = response.writableLength;
    setImmediate(() => setTimeout(() => journal.take([row("/last")], 0), 500));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const response = await new Promise<IncomingMessage>((resolve) => get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }, resolve));
  let rows = 0;
  let dropped = 0;
  let rest = "";
  for await (const chunk of response) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const said = JSON.parse(line) as JournalRow | { dropped: number };
      if ("dropped" in said) dropped += said.dropped;
      else rows++;
      if ("path" in said && said.path === "/last") {
        assert.ok(waiting < 3 * 1024 * 1024, `${waiting} bytes waited`);
        assert.equal(rows + dropped, 1 + 3 + 50_000 + 1, "each request is told, or counted");
        assert.ok(dropped > 1000, "some had to be left out");
        return;
      }
    }
  }
  assert.fail("the connection ended");
});
