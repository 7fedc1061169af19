/** Requests that a backend sends on by X-Accel-Redirect: from and to routes of every kind, nothing of the first route is left to the second. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

type Annotations = Readonly<Record<string, string>>;

const PASSWORD: Annotations = { "auth-type": "basic", "auth-secret": "users" };
const KINDS: Readonly<Record<string, Annotations>> = {
  plain: {},
  filtered: { "enable-cors": "true" },
  tuned: { "proxy-buffering": "on" },
  large: { "proxy-body-size": "3m" },
  canaried: {},
  connections: { "limit-connections": "3" },
  "connections-and-cors": { "limit-connections": "3", "enable-cors": "true" },
  password: PASSWORD,
  "password-and-cors": { ...PASSWORD, "enable-cors": "true" },
  sticky: { affinity: "cookie" },
};
const RIGHT = { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };

let sluice: Sluice;
let server: Server;

before(async () => {
  // Tells what it was asked for. Below /down it sends the request on.
  server = createServer((request, response) => {
    if (request.url?.startsWith("/down")) response.setHeader("x-accel-redirect", "/files/a b%25?c=d");
    const { host, connection, authorization } = request.headers;
    response.end(JSON.stringify({ path: request.url, host, connection, authorization }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoints = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const files: Record<string, string> = {
    "settings.yaml": configMap({ "worker-processes": "1" }),
    "users.yaml": documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, stringData: { auth: "ann:{PLAIN}secret\n" } }),
    "others.yaml": site({ name: "others", host: "others.example", endpoints }),
  };
  const sent = { "upstream-vhost": "inner.example", "connection-proxy-header": "keep-alive" };
  for (const [to, annotations] of Object.entries({ own: { "upstream-vhost": "second.example", "enable-cors": "true" }, filtered: { "enable-cors": "true" }, plain: {} })) {
    files[`vhost-${to}-1.yaml`] = site({ name: `vhost-${to}-1`, host: `vhost.${to}.example`, path: "/down", endpoints, annotations: sent });
    files[`vhost-${to}-2.yaml`] = site({ name: `vhost-${to}-2`, host: `vhost.${to}.example`, path: "/files", endpoints, annotations });
  }
  for (const [from, first] of Object.entries(KINDS)) {
    for (const [to, second] of Object.entries(KINDS)) {
      const host = `${from}.${to}.example`;
      files[`${from}-${to}-1.yaml`] = site({ name: `${from}-${to}-1`, host, path: "/down", endpoints, annotations: first });
      files[`${from}-${to}-2.yaml`] = site({ name: `${from}-${to}-2`, host, path: "/files", endpoints, annotations: second });
      if (from === "canaried") files[`${from}-${to}-3.yaml`] = site({ name: `${from}-${to}-3`, host, path: "/down", endpoints, annotations: { canary: "true", "canary-weight": "50" } });
    }
  }
  sluice = await startSluice({ files, args: ["--configmap=sluice/sluice"] });
});
after(async () => {
  await sluice?.stop();
  server?.closeAllConnections();
  server?.close();
});

/** What the backend was asked for last. */
const asked = ({ text }: Answer): Readonly<Record<string, string | undefined>> => JSON.parse(text) as Readonly<Record<string, string>>;

function said(answer: Answer): unknown {
  if (answer.status !== 200) return answer.status;
  const { path, authorization } = asked(answer);
  return { path, ...(authorization === undefined ? {} : { authorization }) };
}
const isGuarded = (kind: string): boolean => kind.startsWith("password");

for (const from of Object.keys(KINDS)) {
  test(`from a route that is ${from}`, async () => {
    for (const to of Object.keys(KINDS)) {
      const name = `${from}.${to}.example`;
      for (const host of [name, `${name}:8080`]) {
        const request: Ask = { port: sluice.http, host, path: "/down/x?y=z" };
        const guarded = isGuarded(from) || isGuarded(to);
        if (guarded) assert.equal((await ask(request)).status, 401, `${host} without a password`);
        // More than the three at a time: each has to be counted out. Others' requests in between have nginx put these at other addresses.
        for (let i = 0; i < 8; i++) {
          const answer = await ask({ ...request, ...(guarded ? { headers: RIGHT } : {}) });
          const authorization = guarded && !isGuarded(to) && !isGuarded(from) ? RIGHT.authorization : undefined;
          assert.deepEqual(said(answer), { path: "/files/a%20b%25?c=d", ...(authorization === undefined ? {} : { authorization }) }, `${host}, request ${i}`);
          await Promise.all([1, 2].map(() => ask({ port: sluice.http, host: "others.example" })));
        }
      }
    }
  });
}

test("what the first route's backend is told of host and connection stays with it", async () => {
  for (const [to, host] of [["own", "second.example"], ["filtered", "vhost.filtered.example"], ["plain", "vhost.plain.example"]] as const) {
    const answer = await ask({ port: sluice.http, host: `vhost.${to}.example`, path: "/down" });
    const { path, host: told, connection } = asked(answer);
    assert.deepEqual([answer.status, path, told, connection], [200, "/files/a%20b%25?c=d", host, undefined], to);
  }
});
