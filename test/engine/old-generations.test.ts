/** Workers that were replaced and still have connections: they are counted, and their number is bounded. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LeavingWorkers } from "../../src/engine/agent/leaving-workers.ts";
import { NginxProcess } from "../../src/engine/agent/nginx-process.ts";
import { NginxPatience } from "../../src/engine/agent/patience.ts";
import { rememberedNginx } from "../../src/engine/agent/running.ts";
import { HTTP } from "../../src/engine/instances.ts";
import { LEAVING_MS, MOST_LEAVING, NONE_LEAVING, waitToLeave } from "../../src/engine/leaving.ts";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import { groupMembers } from "../../src/support/process-identity.ts";
import { runtimeFolder } from "../support/engine.ts";

let folder: string;
let nginx: NginxProcess;
let version = 0;

before(async () => {
  folder = runtimeFolder();
  nginx = new NginxProcess({
    instance: { ...HTTP, farewellMs: 0, sockets: ["http.sock"] }, binary: NGINX_BINARY, runtimeDir: folder, listeners: [], sockets: [], log: () => undefined,
    patience: new NginxPatience(), restarted: () => undefined, loadedLate: () => undefined, reloading: () => undefined, heard: () => false,
  });
  await reload();
});
after(async () => {
  for (const { socket } of held) socket.destroy();
  await nginx?.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

async function reload(): Promise<void> {
  version++;
  const text = `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1; events {}
    http { access_log off; client_header_timeout 1h; server { listen unix:${folder}/http.sock; return 200 "version ${version}"; } }`;
  await nginx.configure({ text, digest: String(version), profiles: {} });
}

interface Held {
  readonly socket: Socket;
  closed: boolean;
}
const held: Held[] = [];

/** A request to the newest workers that has begun and does not end, as with a WebSocket. */
async function hold(): Promise<Held> {
  for (;;) {
    const one: Held = { socket: connect(`${folder}/http.sock`), closed: false };
    one.socket.on("error", () => undefined);
    one.socket.on("close", () => (one.closed = true));
    const answer = new Promise<string>((resolve) => {
      one.socket.once("data", (bytes) => resolve(bytes.toString()));
      one.socket.once("close", () => resolve(""));
    });
    one.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    if (!(await answer).endsWith(`version ${version}`)) {
      // An older worker answered: it accepts connections until it has heard of the reload.
      one.socket.destroy();
      await sleep(10);
      continue;
    }
    one.socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
    // Gives nginx the time to read the beginning of this request; until then it counts the connection as idle.
    await sleep(50);
    held.push(one);
    return one;
  }
}

const counts = (): { generations: number; workers: number; ended: number } => {
  const { generations, workers, ended } = nginx.leaving;
  return { generations, workers, ended };
};

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !holds(); await sleep(10)) assert.ok(Date.now() < deadline, `not within 20 s: ${what}; ${JSON.stringify(counts())}`);
}

test("the oldest generation beyond the bound is ended with its connections, the others and the newest serve on", async () => {
  assert.deepEqual(nginx.leaving, NONE_LEAVING);
  const began = Date.now();
  for (let i = 1; i <= MOST_LEAVING; i++) {
    await hold();
    await reload();
    assert.deepEqual(counts(), { generations: i, workers: i, ended: 0 });
  }
  assert.ok(nginx.leaving.since >= began && nginx.leaving.since <= Date.now());
  for (let more = 1; more <= 2; more++) {
    await hold();
    await reload();
    await until("the oldest is gone", () => held[more - 1]?.closed === true);
    assert.deepEqual(counts(), { generations: MOST_LEAVING, workers: MOST_LEAVING, ended: more });
  }
  assert.deepEqual(held.map(({ closed }) => closed), [true, true, ...Array.from({ length: MOST_LEAVING }, () => false)]);
  assert.equal(groupMembers(nginx.status.master, "nginx").length, 1 + MOST_LEAVING + 1, "a master, old workers and one that serves");
});

test("they are written down for the agent that comes next", () => {
  const leaving = rememberedNginx(HTTP, folder)?.leaving ?? [];
  const { ended: _, ...known } = new LeavingWorkers(() => undefined).counts(leaving);
  assert.deepEqual({ ...known, ended: nginx.leaving.ended }, nginx.leaving);
});

test("the workers of a master that died are one generation more", async () => {
  const { master } = nginx.status;
  const before = counts();
  await hold();
  process.kill(master, "SIGKILL");
  await until("a new master", () => nginx.status.master !== master && nginx.status.master !== 0);
  await until("the oldest is gone", () => counts().ended === before.ended + 1);
  assert.equal(counts().generations, MOST_LEAVING);
  assert.equal(held.at(-1)?.closed, false);
});

test("who has nothing left is gone, and is counted no more", async () => {
  for (const { socket } of held) socket.destroy();
  await until("all have left", () => nginx.leaving.generations === 0);
  const { ended } = counts();
  await hold();
  await reload();
  assert.deepEqual(counts(), { generations: 1, workers: 1, ended });
});

test("a tenant's change waits until the oldest has had its time, and not where there is room", () => {
  const now = 1_000_000;
  const full = { ...NONE_LEAVING, generations: MOST_LEAVING, since: now - 1000 };
  assert.equal(waitToLeave(full, now), LEAVING_MS - 1000);
  assert.equal(waitToLeave(full, now + LEAVING_MS), 0);
  assert.equal(waitToLeave({ ...full, generations: MOST_LEAVING - 1 }, now), 0);
  assert.equal(waitToLeave(NONE_LEAVING, now), 0);
});
