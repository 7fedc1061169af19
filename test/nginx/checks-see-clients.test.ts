/** Checks decide about the client, whatever the operator changes meanwhile and whatever else backends are told. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice } from "../support/sluice.ts";

type Keys = Readonly<Record<string, string>>;

let echo: EchoBackend;
before(async () => {
  echo = await startEcho("web");
});
after(async () => {
  await echo?.close();
});

const settings = (keys: Keys): Record<string, string> => ({ "settings.yaml": configMap({ "worker-processes": "1", ...keys }) });

/** The status of a request that a load balancer in 127.0.0.0/8 passes on for a client elsewhere. */
function statusFor(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("error", reject);
    socket.on("data", (bytes) => (text += bytes.toString("latin1")));
    socket.on("close", () => resolve(text.slice(9, 12)));
    socket.write(`PROXY TCP4 198.51.100.1 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

const BOTH: Keys = { "use-proxy-protocol": "true", "use-forwarded-headers": "true" };
for (const [what, from, to] of [
  ["forwarded headers are believed no more", BOTH, { "use-proxy-protocol": "true" }],
  ["forwarded headers are believed, too", { "use-proxy-protocol": "true" }, BOTH],
  ["invalid headers are let in", BOTH, { ...BOTH, "ignore-invalid-headers": "false" }],
  ["nothing but another setting changes", BOTH, { ...BOTH, "keep-alive": "61" }],
] as const) {
  test(`nobody gets in who may not, while ${what}`, async () => {
    const endpoints = [`127.0.0.1:${echo.port}`];
    const annotations = { "whitelist-source-range": "127.0.0.0/8" };
    const sluice = await startSluice({
      files: {
        ...settings(from),
        "early.yaml": site({ name: "early", host: "early.example", endpoints, annotations }),
        "late.yaml": site({ name: "late", host: "late.example", endpoints, annotations: { ...annotations, "enable-cors": "true" } }),
      },
      args: ["--configmap=sluice/sluice"],
    });
    try {
      const seen = new Set<string>();
      let goesOn = true;
      const asking = (async () => {
        while (goesOn) for (const host of ["early.example", "late.example"]) seen.add(await statusFor(sluice.http, host));
      })();
      await sluice.apply(settings(to));
      goesOn = false;
      await asking;
      for (const host of ["early.example", "late.example"]) seen.add(await statusFor(sluice.http, host));
      assert.deepEqual([...seen], ["403"]);
    } finally {
      await sluice.stop();
    }
  });
}

test("a header that the operator sends to backends opens no door, and closes none", async () => {
  const basic = (password: string): string => `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`;
  const endpoints = [`127.0.0.1:${echo.port}`];
  const annotations = { "auth-type": "basic", "auth-secret": "users" };
  for (const sent of [basic("secret"), "Bearer of-the-operator"]) {
    const sluice = await startSluice({
      files: {
        ...settings({ "proxy-set-headers": "sluice/sent" }),
        "sent.yaml": documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "sent", namespace: "sluice" }, data: { Authorization: sent } }),
        "users.yaml": documents({ apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, stringData: { auth: "ann:{PLAIN}secret\n" } }),
        "early.yaml": site({ name: "early", host: "early.example", endpoints, annotations }),
        "late.yaml": site({ name: "late", host: "late.example", endpoints, annotations: { ...annotations, "enable-cors": "true" } }),
        "open.yaml": site({ name: "open", host: "open.example", endpoints }),
      },
      args: ["--configmap=sluice/sluice"],
    });
    try {
      for (const host of ["early.example", "late.example"]) {
        assert.equal((await ask({ port: sluice.http, host })).status, 401);
        assert.equal((await ask({ port: sluice.http, host, headers: { authorization: basic("wrong") } })).status, 401);
        const { status, echo: seen } = await ask({ port: sluice.http, host, headers: { authorization: basic("secret") } });
        assert.deepEqual([status, seen?.headers["authorization"]], [200, sent]);
      }
      assert.equal((await ask({ port: sluice.http, host: "open.example" })).echo?.headers["authorization"], sent);
    } finally {
      await sluice.stop();
    }
  }
});
