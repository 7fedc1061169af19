/**
 * Routes whose filters only check requests: a request that passes is served as by the same route without checks, whatever else the
 * route has, and one that does not never reaches the backend.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Answer, type Ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

type Annotations = Readonly<Record<string, string>>;

/** A hash of the password "secret"; to check a guess against it takes some hundredths of a second. */
const BCRYPT = "$2y$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";
const PASSWORD = { authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };

/** Each lets every request of this test in that has the password. */
const CHECKS: Readonly<Record<string, Annotations>> = {
  none: {},
  rate: { "limit-rps": "1000" },
  connections: { "limit-connections": "100" },
  networks: { "whitelist-source-range": "127.0.0.0/8" },
  password: { "auth-type": "basic", "auth-secret": "users" },
  either: { "auth-type": "basic", "auth-secret": "users", "denylist-source-range": "192.0.2.1", "satisfy": "any" },
};
const BESIDE: Readonly<Record<string, Annotations>> = {
  nothing: {},
  cookie: { affinity: "cookie" },
  hash: { "upstream-hash-by": "$request_uri" },
  rewritten: { "rewrite-target": "/else" },
  large: { "proxy-body-size": "3m" },
  tries: { "proxy-next-upstream-tries": "2", "proxy-read-timeout": "7" },
  canaried: {},
  tuned: { "proxy-buffering": "on" },
  cors: { "enable-cors": "true" },
};
const hostOf = (check: string, beside: string): string => `${check}-${beside}.example`;

let sluice: Sluice;
let web: EchoBackend;
let next: EchoBackend;
let pages: EchoBackend;

before(async () => {
  [web, next, pages] = await Promise.all([startEcho("web"), startEcho("next"), startEcho("pages")]);
  const endpoints = [`127.0.0.1:${web.port}`];
  const files: Record<string, string> = {
    "settings.yaml": configMap({ "worker-processes": "1", "custom-http-errors": "403" }),
    "users.yaml": documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, stringData: { auth: `ann:{PLAIN}secret\nbob:${BCRYPT}\n` } }),
    "pages.yaml": site({ name: "pages", host: "pages.example", endpoints: [`127.0.0.1:${pages.port}`] }),
    "closed.yaml": site({ name: "closed", host: "closed.example", endpoints, annotations: { "whitelist-source-range": "192.0.2.0/24" } }),
  };
  for (const [check, checks] of Object.entries(CHECKS)) {
    for (const [beside, annotations] of Object.entries(BESIDE)) {
      const name = `${check}-${beside}`;
      const host = hostOf(check, beside);
      files[`${name}.yaml`] = site({ name, host, endpoints, annotations: { ...checks, ...annotations } });
      if (beside === "canaried") files[`${name}-next.yaml`] = site({ name: `${name}-next`, host, endpoints: [`127.0.0.1:${next.port}`], annotations: { canary: "true", "canary-by-header": "x-next" } });
    }
  }
  sluice = await startSluice({ files, args: ["--configmap=sluice/sluice", "--default-backend-service=shop/pages"] });
});
after(async () => {
  await sluice?.stop();
  await Promise.all([web?.close(), next?.close(), pages?.close()]);
});

/** What of an answer may not depend on the check. The backend sees neither the password nor, twice, the same request id and connection. */
function seen({ status, headers, echo }: Answer): object {
  const { "x-request-id": _id, authorization, host = "", "x-forwarded-host": forwarded = "", ...sent } = echo?.headers ?? {};
  const cookie = headers["set-cookie"]?.replace(/=[^;]*/, "=");
  return {
    status, cookie, backend: echo?.backend, path: echo?.path, sent, bodyLength: echo?.bodyLength, bodySha256: echo?.bodySha256, authorization,
    host: host.replace(/^[a-z]+-/i, ""), forwarded: forwarded.replace(/^[a-z]+-/i, ""),
  };
}

const REQUESTS: Readonly<Record<string, (host: string) => Ask>> = {
  "a plain request": (host) => ({ port: sluice.http, host, path: "/a%2fb?c=d" }),
  "a Host with capitals and a port": (host) => ({ port: sluice.http, host: `${host.toUpperCase()}:8080` }),
  "a canary's header": (host) => ({ port: sluice.http, host, headers: { "x-next": "always" } }),
  "a body in chunks": (host) => ({ port: sluice.http, host, method: "POST", body: Buffer.alloc(100_000, "b"), headers: { "transfer-encoding": "chunked" } }),
  "a large body": (host) => ({ port: sluice.http, host, method: "POST", body: Buffer.alloc(2_000_000, "b"), headers: { "content-length": "2000000" } }),
  "a large body in chunks": (host) => ({ port: sluice.http, host, method: "POST", body: Buffer.alloc(2_000_000, "b"), headers: { "transfer-encoding": "chunked" } }),
  "HTTP/2": (host) => ({ port: sluice.https, host, http2: true }),
  "a body over HTTP/2": (host) => ({ port: sluice.https, host, http2: true, method: "POST", body: Buffer.alloc(2_000_000, "b") }),
};

for (const beside of Object.keys(BESIDE)) {
  test(`what passes is served as without checks, beside ${beside}`, async () => {
    for (const [what, request] of Object.entries(REQUESTS)) {
      const asked = async (check: string): Promise<object> => {
        const one = request(hostOf(check, beside));
        return seen(await ask({ ...one, headers: { ...one.headers, ...(check === "password" || check === "either" ? PASSWORD : {}) } }));
      };
      const expected = await asked("none");
      for (const check of Object.keys(CHECKS)) assert.deepEqual(await asked(check), expected, `${what}, checked by ${check}`);
    }
  });

  test(`what does not pass never reaches a backend, beside ${beside}`, async () => {
    const before = web.requests() + next.requests();
    for (const request of Object.values(REQUESTS)) {
      const answer = await ask(request(hostOf("password", beside)));
      if (answer.status === 413) continue;
      assert.equal(answer.status, 401);
      assert.equal(answer.headers["www-authenticate"], 'Basic realm=""');
      assert.equal(answer.headers["set-cookie"], undefined);
    }
    assert.equal(web.requests() + next.requests(), before);
  });
}

test("a refusal has the controller's error page", async () => {
  const answer = await ask({ port: sluice.http, host: "closed.example", path: "/away" });
  assert.equal(answer.echo?.backend, "pages");
  assert.equal(answer.echo?.headers["x-code"], "403");
  assert.equal(answer.echo?.headers["x-original-uri"], "/away");
});

test("requests that wait for a password's turn are their own when others have come meanwhile, and the routes are new", async () => {
  const guess = (password: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`bob:${password}`).toString("base64")}` });
  const waiting = Array.from({ length: 30 }, (_, i) =>
    ask({ port: sluice.http, host: hostOf("password", i % 2 === 0 ? "nothing" : "rewritten"), path: `/${i}`, headers: guess(i % 3 === 0 ? "secret" : `wrong${i}`) }));
  let others = true;
  const meanwhile = (async () => {
    for (let i = 0; others; i++) {
      const answer = await ask({ port: sluice.http, host: hostOf("none", "nothing"), path: `/other${i}` });
      assert.equal(answer.echo?.path, `/other${i}`);
      if (i === 3) sluice.write({ "more.yaml": site({ name: "more", host: "more.example", endpoints: [`127.0.0.1:${web.port}`], annotations: { "limit-rps": "5" } }) });
      await sleep(5);
    }
  })();
  for (const [i, answer] of (await Promise.all(waiting)).entries()) {
    assert.equal(answer.status, i % 3 === 0 ? 200 : 401, `request ${i}`);
    if (i % 3 === 0) assert.equal(answer.echo?.path, i % 2 === 0 ? `/${i}` : "/else");
  }
  others = false;
  await meanwhile;
});
