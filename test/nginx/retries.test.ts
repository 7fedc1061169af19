import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { startEcho } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { freePorts, startSluice } from "../support/sluice.ts";

test("unlimited tries end after each endpoint was tried, dead ones included", async (t) => {
  const [dead] = await freePorts(1);
  const echo = await startEcho("alive");
  const endpoints = Array.from({ length: 5 }, (_, i) => `127.0.3.${i + 1}:${dead}`);
  const annotations = { "proxy-next-upstream-tries": "0" };
  const sluice = await startSluice({
    files: {
      "dead.yaml": site({ name: "dead", host: "dead.example", endpoints: endpoints.slice(0, 1), annotations }),
      "some.yaml": site({ name: "some", host: "some.example", endpoints: [...endpoints, `127.0.0.1:${echo.port}`], annotations }),
    },
  });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  assert.equal((await ask({ port: sluice.http, host: "dead.example" })).status, 502);
  const log = (): string => readFileSync(join(sluice.runtimeDir, "access.log"), "utf8");
  // nginx writes its line of the log after the answer.
  while (!log().includes("dead")) await sleep(5);
  const tries = log().split(`127.0.3.1:${dead}`).length - 1;
  assert.ok(tries >= 1 && tries <= 16, `${tries} tries`);
  for (let i = 0; i < 12; i++) assert.equal((await ask({ port: sluice.http, host: "some.example" })).echo?.backend, "alive");
});

test("a query without a path keeps its slash, whatever the profile", async (t) => {
  const echo = await startEcho("web");
  const endpoints = [`127.0.0.1:${echo.port}`];
  const files = {
    "plain.yaml": site({ name: "plain", host: "plain.example", endpoints }),
    "profile.yaml": site({ name: "profile", host: "profile.example", endpoints, annotations: { "proxy-body-size": "3m" } }),
  };
  const sluice = await startSluice({ files });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  for (const host of ["plain.example", "profile.example"]) {
    const answer = await ask({ port: sluice.http, host, path: `http://${host}?x=1` });
    assert.equal(answer.echo?.path, "/?x=1", host);
  }
});

/** Every way to choose an endpoint, by the annotations that ask for it. */
const POLICIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "in turn": {},
  hash: { "upstream-hash-by": "$request_uri" },
  subset: { "upstream-hash-by": "$request_uri", "upstream-hash-by-subset": "true", "upstream-hash-by-subset-size": "2" },
  ewma: { "load-balance": "ewma" },
  session: { affinity: "cookie" },
  "persistent session": { affinity: "cookie", "affinity-mode": "persistent" },
};

test("a retry goes to the endpoints that there are then, whatever the policy", async (t) => {
  const [dead] = await freePorts(1);
  const echo = await startEcho("new");
  const holder = await holdRequests();
  t.after(() => holder.close());
  const sites = (endpoints: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      Object.entries(POLICIES).map(([policy, annotations]) => {
        const name = policy.replace(" ", "-");
        return [`${name}.yaml`, site({ name, host: `${name}.example`, endpoints, annotations })];
      }),
    );
  const sluice = await startSluice({ files: sites([`127.0.0.1:${holder.port}`]) });
  t.after(async () => {
    await sluice.stop();
    await echo.close();
  });
  const asked = async (): Promise<Promise<Awaited<ReturnType<typeof ask>>>[]> => {
    const answers = Object.keys(POLICIES).map((policy) => ask({ port: sluice.http, host: `${policy.replace(" ", "-")}.example` }));
    await holder.holds(answers.length);
    return answers;
  };

  const moved = await asked();
  // The endpoint that holds the requests leaves. Two others come, and one of them is dead: the default of three tries is enough.
  await sluice.apply(sites([`127.0.3.9:${dead}`, `127.0.0.1:${echo.port}`]));
  holder.breakOff();
  for (const [index, policy] of Object.keys(POLICIES).entries()) assert.equal((await moved[index])?.echo?.backend, "new", policy);

  await sluice.apply(sites([`127.0.0.1:${holder.port}`]));
  const left = await asked();
  await sluice.apply(sites([]));
  holder.breakOff();
  for (const [index, policy] of Object.keys(POLICIES).entries()) assert.equal((await left[index])?.status, 502, policy);
});

/** A backend that takes requests and answers none, until it breaks off all of them. */
async function holdRequests(): Promise<{ port: number; holds(count: number): Promise<void>; breakOff(): void; close(): void }> {
  const held = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => held.add(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakOff = (): void => {
    for (const socket of held) socket.resetAndDestroy();
    held.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    async holds(count) {
      while (held.size < count) await sleep(5);
    },
    breakOff,
    close() {
      breakOff();
      server.close();
    },
  };
}
