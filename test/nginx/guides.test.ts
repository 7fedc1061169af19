/** The manifests of the guides, served as they stand there, do what the guides say. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { commandText, COMMANDS } from "../../src/settings.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { documents } from "../support/manifests.ts";
import { rolloutOf, untilRollout } from "../support/release.ts";
import { manifestsOf, PAGES, type Page } from "../support/pages.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const CLASS = { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } };
const serviceOf = (name: string, port: number): object => ({ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop" }, spec: { ports: [{ port }] } });

let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
});
after(() => echo?.close());

function pageOf(name: string): Page {
  const page = PAGES.find((one) => one.name === `docs/guide/${name}`);
  assert.ok(page, name);
  return page;
}

/** Serves the objects of a page, with what the page takes for granted: Services of the namespace `shop`, which all lead to the echo. */
async function serve(t: TestContext, name: string, services: Readonly<Record<string, number>>, more: readonly object[] = [], args: readonly string[] = []): Promise<Sluice> {
  const page = pageOf(name);
  const files = Object.fromEntries(manifestsOf(page).map(({ line, text }) => [`line-${line}.yaml`, text]));
  const own = Object.entries(services);
  const sluice = await startSluice({
    files: { ...files, "own.yaml": documents(CLASS, ...own.map(([service, port]) => serviceOf(service, port)), ...more) },
    args: ["--configmap=ingress-nginx/ingress-nginx-controller", ...own.map(([service]) => `--endpoint=shop/${service}=127.0.0.1:${echo.port}`), ...args],
  });
  t.after(() => sluice.stop());
  return sluice;
}

test("rate limits: one request and a burst of six, then the status of the ConfigMap", async (t) => {
  const sluice = await serve(t, "rate-limits.md", { api: 80 });
  const answers: number[] = [];
  while (answers.at(-1) !== 429 && answers.length < 1000) answers.push((await ask({ port: sluice.http, host: "api.shop.example" })).status);
  const before = answers.slice(0, -1);
  assert.ok(before.length >= 7 && before.every((status) => status === 200), answers.join());
});

test("cert-manager: http is redirected while the Secret is missing, and the challenge is answered", async (t) => {
  const challenge = "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
  const solver = {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress",
    metadata: { name: "cm-acme-http-solver-q9d8w", namespace: "shop", annotations: { "nginx.ingress.kubernetes.io/whitelist-source-range": "0.0.0.0/0,::/0" } },
    spec: {
      ingressClassName: "nginx",
      rules: [{ host: "blog.shop.example", http: { paths: [{ path: challenge, pathType: "Exact", backend: { service: { name: "solver", port: { number: 8089 } } } }] } }],
    },
  };
  const sluice = await serve(t, "tls.md", { web: 80, solver: 8089 }, [solver]);
  const { status, headers } = await ask({ port: sluice.http, host: "blog.shop.example" });
  assert.deepEqual([status, headers["location"]], [308, "https://blog.shop.example"]);
  // With the page's ConfigMap, what a load balancer says of its client ends the loop.
  assert.equal((await ask({ port: sluice.http, host: "blog.shop.example", headers: { "X-Forwarded-Proto": "https" } })).status, 200);
  const answered = await ask({ port: sluice.http, host: "blog.shop.example", path: challenge });
  assert.deepEqual([answered.status, answered.echo?.path], [200, challenge]);
  const overTls = await ask({ port: sluice.https, tls: true, host: "blog.shop.example" });
  assert.deepEqual([overTls.status, overTls.headers["strict-transport-security"]], [200, "max-age=31536000; includeSubDomains"]);
  // The authority of client certificates is missing here, so nobody gets in.
  assert.equal((await ask({ port: sluice.https, tls: true, host: "partners.shop.example" })).status, 403);
});

test("oauth2-proxy: 401 leads to the sign-in and back, 202 passes with the service's headers, 403 stays", async (t) => {
  const asked: IncomingMessage[] = [];
  const service: Server = createServer((request, response) => {
    asked.push(request);
    const user = /session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
    const status = user === undefined ? 401 : user === "eve" ? 403 : 202;
    response.writeHead(status, status === 202 ? { "X-Auth-Request-User": user } : {}).end();
  });
  await once(service.listen(0, "127.0.0.1"), "listening");
  t.after(() => void service.close());
  const sluice = await serve(t, "oauth2-proxy.md", { web: 80, tool: 80 }, [], [`--endpoint=auth/oauth2-proxy=127.0.0.1:${(service.address() as AddressInfo).port}`, "--allow-local-targets"]);
  const web = (headers: Readonly<Record<string, string>> = {}) => ask({ port: sluice.https, tls: true, host: "web.shop.example", path: "/cart?a=1&b=2", headers });
  const stranger = await web();
  assert.deepEqual([stranger.status, stranger.headers["location"]], [302, "https://auth.shop.example/oauth2/start?rd=https://web.shop.example%2Fcart%3Fa%3D1%26b%3D2"]);
  const page = PAGES.find(({ name }) => name.endsWith("oauth2-proxy.md"));
  assert.ok(page?.text.includes(`302 ${stranger.headers["location"]}`), "the page shows another redirect");
  const ann = await web({ Cookie: "session=ann", "X-Auth-Request-User": "root", "X-Auth-Request-Email": "root@shop.example" });
  assert.deepEqual([ann.status, ann.echo?.headers["x-auth-request-user"], ann.echo?.headers["x-auth-request-email"]], [200, "ann", undefined]);
  assert.equal((await web({ Cookie: "session=eve" })).status, 403);
  assert.deepEqual([...new Set(asked.map(({ url }) => url))], ["/oauth2/auth"]);
  // The users' Secret of the page's other example is missing: the path is closed, not open.
  assert.equal((await ask({ port: sluice.https, tls: true, host: "tool.shop.example" })).status, 503);
});

const NEXT = "shop/web-next";

test("canaries: the page's release begins at its first step, follows its commands, and is promoted by its patch", { timeout: 120_000 }, async (t) => {
  const sluice = await serve(t, "canary.md", { "web-v1": 80, "web-v2": 80 });
  const begun = await untilRollout(sluice, ({ weight }) => weight === 5, "at its first step", 60_000, NEXT);
  assert.deepEqual([begun.status, begun.step, begun.steps, begun.lasts, begun.requestsNeeded], ["advancing", 1, [5, 20, 50, 100], 300, 500]);
  const { text } = pageOf("canary.md");
  const commands = [...text.matchAll(/^kubectl sluice ((?:rollout|wait) .*?)(?: +#.*)?$/gm)].map(([, words = ""]) => words.split(" "));
  assert.ok(commands.length > 8, commands.join("\n"));
  // Until there is such a command, it is parsed nowhere and run nowhere.
  if (COMMANDS.some((one) => commandText(one) === "rollout")) {
    for (const words of commands) {
      const own = [`--healthz-port=${sluice.health}`, ...(words[0] === "rollout" ? [`--runtime-dir=${sluice.runtimeDir}`] : [])];
      const { code, stderr } = await runCommand([...words, ...own]);
      // The last of the page's commands before it waits takes the canary back.
      assert.equal(code, words[0] === "wait" ? 3 : 0, `${words.join(" ")}: ${stderr}`);
    }
    assert.equal((await rolloutOf(sluice, NEXT))?.status, "aborted");
  }
  await sluice.apply(promoted(text));
  const over = await untilRollout(sluice, ({ status }) => status === "promoted", "promoted", 60_000, NEXT);
  assert.equal(over.weight, 0);
});

/** The page's manifest after its `kubectl patch`, under the name of the file that has it. */
function promoted(text: string): Record<string, string> {
  const [, patch = "[]"] = /^kubectl patch ingress web .*-p='(.*)'$/m.exec(text) ?? [];
  const [{ op, path, value }] = JSON.parse(patch) as [{ op: string; path: string; value: string }];
  assert.deepEqual([op, path], ["replace", "/spec/rules/0/http/paths/0/backend/service/name"]);
  const [block] = manifestsOf({ name: "", text }).filter((one) => one.text.includes("name: web-next"));
  assert.ok(block);
  return { [`line-${block.line}.yaml`]: block.text.replace("{name: web-v1,", `{name: ${value},`) };
}
