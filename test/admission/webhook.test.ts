/** The admission webhook over HTTPS: what it answers, and what no client can make it do. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { openWebhook, type Webhook } from "../../src/admission/webhook.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { authority, issued } from "../support/authority.ts";
import { selfSigned, type KeyPair } from "../support/openssl.ts";
import { ingress, ingressClass, snapshotOf, testConfig, testSettings } from "../support/objects.ts";

const MIB = 1024 ** 2;

interface Open {
  readonly webhook: Webhook;
  readonly folder: string;
  /** Replaces the files of the certificate and its key, each by a rename, as the kubelet updates a mounted Secret. */
  replace(pair: KeyPair): void;
}

async function open(t: TestContext, { ready = true, clientCa, files = true }: { ready?: boolean; clientCa?: string; files?: boolean } = {}): Promise<Open> {
  const folder = mkdtempSync(join(tmpdir(), "webhook-"));
  const path = (name: string): string => join(folder, name);
  const replace = ({ chain, key }: KeyPair): void => {
    for (const [name, text] of [["tls.crt", chain], ["tls.key", key]] as const) {
      writeFileSync(path(`.${name}`), text);
      renameSync(path(`.${name}`), path(name));
    }
  };
  if (files) replace(selfSigned(["localhost"], "first"));
  if (clientCa !== undefined) writeFileSync(path("ca.crt"), clientCa);
  const builder = createModelBuilder(testSettings);
  const snapshot = snapshotOf(ingressClass("nginx"), ingress("shop/web").host("shop.example").path("/", "web:80").created(1));
  if (ready) builder.update(snapshot, snapshot.takeChanges(), testConfig);
  const webhook = await openWebhook({
    settings: {
      validatingWebhook: "127.0.0.1:0", validatingWebhookCertificate: path("tls.crt"), validatingWebhookKey: path("tls.key"),
      validatingWebhookClientCa: clientCa === undefined ? "" : path("ca.crt"),
    },
    consider: (candidate) => builder.consider(candidate, snapshot),
    changed: () => {},
    patience: { handshake: 500, headers: 500, request: 1000 },
  });
  t.after(() => {
    webhook.close();
    rmSync(folder, { recursive: true });
  });
  return { webhook, folder, replace };
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly review?: { readonly response: { uid: string; allowed: boolean; warnings?: string[]; status?: { code: number; reason: string; message: string } } };
}

function ask({ webhook }: Open, body: unknown, options: { method?: string; headers?: Record<string, string>; client?: KeyPair } = {}): Promise<Reply> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const { method = "POST", headers = {}, client } = options;
  return new Promise((resolve, reject) => {
    const identity = client ? { cert: client.chain, key: client.key } : {};
    const request = httpsRequest({ port: webhook.port, host: "127.0.0.1", method, path: "/networking/v1/ingresses", rejectUnauthorized: false, agent: false, headers, ...identity }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isReview = response.headers["content-type"] === "application/json";
        resolve({ status: response.statusCode ?? 0, text, ...(isReview ? { review: JSON.parse(text) as NonNullable<Reply["review"]> } : {}) });
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(bytes);
  });
}

function manifest(name: string, host: string, annotations: Record<string, string> = {}): Record<string, unknown> {
  const backend = { service: { name: "web", port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace: "blog", annotations },
    spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
  };
}

const RESOURCE = { group: "networking.k8s.io", version: "v1", resource: "ingresses" };

function review(object: unknown, more: Record<string, unknown> = {}): Record<string, unknown> {
  const request = { uid: "u-1", operation: "CREATE", namespace: "blog", name: "web", resource: RESOURCE, object, ...more };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
}

const BROKEN = manifest("web", "blog.example", { "nginx.ingress.kubernetes.io/auth-type": "kerberos" });

test("a good Ingress passes, a conflict is denied with the finding's sentence, and both are counted", async (t) => {
  const hook = await open(t);
  const good = await ask(hook, review(manifest("web", "blog.example")));
  assert.deepEqual([good.status, good.review], [200, { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: "u-1", allowed: true } }]);
  const { review: denied } = await ask(hook, review(manifest("web", "shop.example")));
  assert.equal(denied?.response.allowed, false);
  assert.deepEqual([denied?.response.status?.code, denied?.response.status?.reason], [400, "BadRequest"]);
  assert.equal(
    denied?.response.status?.message,
    "spec.rules[0].http.paths[0].path: shop.example/ (prefix) is declared by the Ingress shop/web already, which comes first: change or remove one of them. " +
      "Effect: requests go where shop/web sends them. (path-conflict)",
  );
  const { figures } = hook.webhook;
  assert.deepEqual(figures.checks.get("blog/web"), { passed: 1, denied: 1 });
  assert.equal(figures.testedIngresses, 1);
  assert.equal(figures.answers.get(200), 2);
  assert.ok(figures.bytes > 100 && figures.roundtripSeconds > 0);
});

test("a name that no API server would keep is answered, and not remembered", async (t) => {
  const hook = await open(t);
  const long = "x".repeat(MIB);
  for (const [name, namespace] of [[long, "blog"], ["web", long]] as const) {
    const object = { ...manifest("web", "blog.example"), metadata: { name, namespace } };
    assert.equal((await ask(hook, review(object, { name, namespace }))).review?.response.allowed, true);
  }
  assert.deepEqual([...hook.webhook.figures.checks.keys()], []);
  assert.equal(hook.webhook.figures.testedIngresses, 1);
});

test("what is only warned of comes as warnings", async (t) => {
  const hook = await open(t);
  const { review: answer } = await ask(hook, review(manifest("web", "blog.example", { "nginx.ingress.kubernetes.io/proxy-bodysize": "1m" })));
  assert.deepEqual([answer?.response.allowed, answer?.response.warnings], [true, [
    'metadata.annotations[nginx.ingress.kubernetes.io/proxy-bodysize]: There is no annotation "proxy-bodysize": did you mean "proxy-body-size"? Effect: it has no effect. (annotation-unknown)',
  ]]);
});

test("removals, objects on their way out, subresources and other kinds pass", async (t) => {
  const hook = await open(t);
  const passing = [
    review(null, { operation: "DELETE", oldObject: BROKEN }),
    review({ ...BROKEN, metadata: { ...(BROKEN["metadata"] as object), deletionTimestamp: "2026-01-01T00:00:00Z" } }, { operation: "UPDATE", oldObject: BROKEN }),
    review(BROKEN, { operation: "UPDATE", oldObject: BROKEN }),
    review(BROKEN, { subResource: "status", operation: "UPDATE" }),
    review({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" } }, { resource: { group: "", version: "v1", resource: "pods" } }),
    review({ apiVersion: "v1", kind: "Pod" }),
    review("text"),
  ];
  for (const body of passing) assert.equal((await ask(hook, body)).review?.response.allowed, true, JSON.stringify(body));
  const pods = await ask(hook, passing[4]);
  assert.match(pods.review?.response.warnings?.[0] ?? "", /asked about pods/);
  assert.equal((await ask(hook, review(BROKEN))).review?.response.allowed, false);
});

test("a name that the API server has yet to make up is no obstacle", async (t) => {
  const hook = await open(t);
  const object = { ...BROKEN, metadata: { generateName: "web-", annotations: (BROKEN["metadata"] as { annotations: object }).annotations } };
  assert.equal((await ask(hook, review(object, { name: "" }))).review?.response.allowed, false);
});

test("bytes that are no AdmissionReview get a 400, whatever they are", async (t) => {
  const hook = await open(t);
  const nested = (open_: string, close: string): string => open_.repeat(200_000) + close.repeat(200_000);
  const hostile: readonly (readonly [unknown, RegExp])[] = [
    ["", /no AdmissionReview/],
    ["{", /no AdmissionReview/],
    [Buffer.from([0xff, 0xfe, 0x00, 0x22]), /no AdmissionReview/],
    ["[]", /no AdmissionReview/],
    ["null", /no AdmissionReview/],
    [{ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1beta1", request: { uid: "u" } }, /only admission\.k8s\.io\/v1/],
    [{ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1" }, /no request with a uid/],
    [nested("[", "]"), /nested more than 100 levels/],
    [nested('{"a":', "}"), /nested more than 100 levels/],
    [`[${"[],".repeat(1_000_000)}[]]`, /more than 400000 values/],
    [`{"a":"\\"${"[".repeat(1000)}","kind":1}`, /no AdmissionReview/],
  ];
  for (const [body, message] of hostile) {
    const { status, text } = await ask(hook, body);
    assert.equal(status, 400);
    assert.match(text, message);
  }
  assert.equal((await ask(hook, "", { method: "GET" })).status, 405);
  assert.equal((await ask(hook, review(manifest("web", "blog.example")))).status, 200);
});

test("a body of 9 MiB is not read, announced or not", async (t) => {
  const hook = await open(t);
  const announced = await speak(hook, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9437184\r\n\r\n");
  assert.match(await announced.untilEnd(), /^HTTP\/1\.1 413 /);
  const chunked = await speak(hook, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = `${MIB.toString(16)}\r\n${"x".repeat(MIB)}\r\n`;
  for (let i = 0; i < 10; i++) chunked.socket.write(chunk);
  assert.match(await chunked.untilEnd(), /^HTTP\/1\.1 413 /);
  const large = review(manifest("web", "blog.example", { filler: "x".repeat(8 * MIB) }));
  assert.equal((await ask(hook, large)).review?.response.allowed, true);
});

test("who is slow, or opens many connections with half a request, holds nobody up and is cut off", { timeout: 60_000 }, async (t) => {
  const hook = await open(t);
  const slow = await Promise.all(Array.from({ length: 20 }, () => speak(hook, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")));
  const silent = await speak(hook, "");
  const plain = connectPlain(hook.webhook.port, "127.0.0.1");
  await once(plain, "connect");
  assert.equal((await ask(hook, review(manifest("web", "blog.example")))).status, 200);
  const dropped = once(plain, "close");
  const ends = await Promise.all([...slow, silent].map((one) => one.untilEnd()));
  for (const answer of ends) assert.match(answer, /^(HTTP\/1\.1 408 [\s\S]*)?$/);
  await dropped;
});

test("before the first model there is no guess", async (t) => {
  const hook = await open(t, { ready: false });
  assert.equal((await ask(hook, review(BROKEN))).status, 503);
});

test("a new certificate is used without a restart; one that does not fit its key is a finding and changes nothing", { timeout: 60_000 }, async (t) => {
  const hook = await open(t);
  assert.equal(await served(hook), "first");
  const second = selfSigned(["localhost"], "second");
  writeFileSync(join(hook.folder, "tls.crt"), second.chain);
  await until(() => hook.webhook.findings().length === 1);
  assert.match(hook.webhook.findings()[0]?.sentence ?? "", /do not belong together|mismatch/);
  assert.equal(await served(hook), "first");
  hook.replace(second);
  await until(async () => (await served(hook)) === "second");
  await until(() => hook.webhook.findings().length === 0);
});

test("without its files it waits for them", { timeout: 60_000 }, async (t) => {
  const hook = await open(t, { files: false });
  const [finding] = hook.webhook.findings();
  assert.equal(finding?.code, "webhook-certificate-unusable");
  assert.match(finding?.sentence ?? "", /tls\.crt does not exist/);
  await assert.rejects(ask(hook, review(BROKEN)));
  hook.replace(selfSigned(["localhost"], "late"));
  await until(async () => (await served(hook).catch(() => "")) === "late");
  assert.equal((await ask(hook, review(BROKEN))).status, 200);
});

test("with a CA for clients nobody else may ask", async (t) => {
  const [ca, other] = [authority("api"), authority("other")];
  const hook = await open(t, { clientCa: ca.chain });
  assert.equal((await ask(hook, review(BROKEN), { client: issued(ca, "/CN=apiserver") })).status, 200);
  await assert.rejects(ask(hook, review(BROKEN)));
  await assert.rejects(ask(hook, review(BROKEN), { client: issued(other, "/CN=apiserver") }));
});

test("TLS 1.1 and HTTP/2 are not spoken", async (t) => {
  const { webhook: { port } } = await open(t);
  const old = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion: "TLSv1.1", minVersion: "TLSv1" });
  await assert.rejects(once(old, "secureConnect"));
  const two = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] });
  await once(two, "secureConnect");
  assert.equal(two.alpnProtocol, "http/1.1");
  two.destroy();
});

interface Spoken {
  readonly socket: TLSSocket;
  /** Resolves with all that the server answered, once the connection is closed. */
  untilEnd(): Promise<string>;
}

async function speak({ webhook }: Open, text: string): Promise<Spoken> {
  const socket = connectTls({ port: webhook.port, host: "127.0.0.1", rejectUnauthorized: false });
  let answer = "";
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  socket.write(text);
  return { socket, untilEnd: () => ended.then(() => answer) };
}

/** The common name of the certificate that the webhook presents to a new connection. */
async function served({ webhook }: Open): Promise<string> {
  const socket = connectTls({ port: webhook.port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}

test("what would take long to judge is not worked out, also where only the object before would", async (t) => {
  const hook = await open(t);
  const networks = Array.from({ length: 15_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`).join(",");
  const small = manifest("web", "blog.example");
  const long = manifest("web", "blog.example", { "nginx.ingress.kubernetes.io/whitelist-source-range": networks });
  const rules = Array.from({ length: 900 }, (_, n) => ({ host: `h${n}.example`, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } }));
  const heavy = { ...long, spec: { ingressClassName: "nginx", rules } };
  assert.match((await ask(hook, review(heavy))).review?.response.status?.message ?? "", /split the Ingress.*\(ingress-too-large\)/);
  assert.equal((await ask(hook, review(small, { operation: "UPDATE", oldObject: heavy }))).review?.response.allowed, true);
  assert.equal((await ask(hook, review(long))).review?.response.warnings, undefined);
  const paths = Array.from({ length: 5000 }, (_, n) => ({ path: `/${n}`, pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }));
  const wide = { ...small, spec: { ingressClassName: "nginx", rules: [{ host: "blog.example", http: { paths } }] } };
  const { review: answer } = await ask(hook, review(small, { operation: "UPDATE", oldObject: wide }));
  assert.match(answer?.response.warnings?.join() ?? "", /^This Ingress is too large to be checked/);
});
