/**
 * The injections that ingress-nginx allowed: the published CVEs of 2021 to 2026, each as a tenant would try it here.
 *
 * Each value is refused or stays data: nginx runs on the same configuration, the neighbour is served, and nothing of the
 * value is in nginx.conf. All attacks are also applied together.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

/** A mark in every attack: it must never be in nginx.conf, nor may there be a file of this name. */
const MARK = "injected_mark";
const LUA = `content_by_lua_block { os.execute("touch /tmp/${MARK}") }`;
const HOST = "evil.example";

interface Attack {
  readonly cve: string;
  readonly what: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly uid?: string;
  readonly objects?: readonly object[];
}

const configMapOf = (data: Record<string, string>): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "attack", namespace: "shop" }, data });

const ATTACKS: readonly Attack[] = [
  { cve: "CVE-2021-25742", what: "a snippet", annotations: { "configuration-snippet": LUA, "server-snippet": LUA, "auth-snippet": LUA, "stream-snippet": MARK, "modsecurity-snippet": MARK } },
  { cve: "CVE-2021-25745", what: "a path that closes its location and serves the token", path: `/var/run/secrets/ {} location /${MARK} { alias /var/run/secrets/kubernetes.io/serviceaccount/; } #` },
  { cve: "CVE-2021-25746", what: "directives in an annotation", annotations: { "proxy-buffer-size": `4k; ${LUA}`, "proxy-cookie-path": `/ /; ${LUA}` } },
  { cve: "CVE-2021-25748", what: "a new line in a path", path: `/x\n{ ${LUA} }` },
  { cve: "CVE-2022-4886", what: "a log format in a path", path: `/x"; log_format ${MARK} "$http_authorization"; #` },
  { cve: "CVE-2023-5043", what: "commands in annotations", annotations: { "upstream-hash-by": `$host"; ${LUA}`, "server-alias": `x" { ${LUA} }` } },
  { cve: "CVE-2023-5044", what: "code in permanent-redirect", annotations: { "permanent-redirect": `https://x.example/; } location /${MARK} { ${LUA} }` } },
  { cve: "CVE-2024-7646", what: "a carriage return past the validation", annotations: { "permanent-redirect": `https://x.example/\r${MARK}`, "auth-realm": `r\r${LUA}` } },
  { cve: "CVE-2025-24513", what: "a Secret's name that leaves the folder", annotations: { "auth-type": "basic", "auth-secret": "../../../../etc/passwd" } },
  { cve: "CVE-2025-24514", what: "directives in auth-url", annotations: { "auth-url": `http://x.example/#;}}\n${LUA}\n#` } },
  { cve: "CVE-2025-1097", what: "directives in auth-tls-match-cn", annotations: { "auth-tls-match-cn": `CN=x #(\n){}\n }}\n${LUA}\n#` } },
  { cve: "CVE-2025-1098", what: "directives in mirror annotations and the UID", uid: `x" { ${LUA} } #`, annotations: { "mirror-target": `http://x.example/;\n}\n${LUA}\n#`, "mirror-host": `x";\n${LUA}` } },
  { cve: "CVE-2025-1974", what: "a library that nginx -t would load", annotations: { "auth-url": `http://x.example/#;\n}\n}\n}\nssl_engine /tmp/${MARK}.so;\n#` } },
  {
    cve: "CVE-2025-15566", what: "directives in the headers of auth-proxy-set-headers",
    annotations: { "auth-url": "http://127.0.0.1:1/", "auth-proxy-set-headers": "shop/attack" },
    objects: [configMapOf({ [`X"; ${MARK}`]: "y", "X-Y": `y"; ${LUA}` })],
  },
  { cve: "CVE-2026-1580", what: "directives in auth-method", annotations: { "auth-url": "http://127.0.0.1:1/", "auth-method": `GET; ${LUA}` } },
  { cve: "CVE-2026-24512", what: "a quote in a path", path: `/x" { ${LUA} } location "/${MARK}` },
  { cve: "CVE-2026-3288", what: "a quote in a path that is rewritten", path: `/x"(.*)" ${MARK} break; #`, annotations: { "rewrite-target": "/$1", "use-regex": "true" } },
  { cve: "CVE-2026-4342", what: "a new line in a path that ends a comment", path: `/x\n${MARK} on;\n#` },
];

function manifest({ annotations = {}, path = "/", uid, objects = [] }: Attack): string {
  const own = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "evil", namespace: "shop", annotations: own, ...(uid === undefined ? {} : { uid }) },
    spec: {
      ingressClassName: "nginx",
      rules: [{ host: HOST, http: { paths: [{ path, pathType: "ImplementationSpecific", backend: { service: { name: "web", port: { number: 80 } } } }] } }],
    },
  };
  return documents(ingress, ...objects);
}

let sluice: Sluice;
let echo: EchoBackend;
let conf: string;

before(async () => {
  echo = await startEcho("web");
  sluice = await startSluice({
    files: { "web.yaml": site({ name: "web", host: "good.example", endpoints: [`127.0.0.1:${echo.port}`] }), "settings.yaml": configMap({}) },
    args: ["--configmap=sluice/sluice"],
  });
  conf = readConf();
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const readConf = (): string => readFileSync(`${sluice.runtimeDir}/nginx.conf`, "utf8");

async function expectHarmless(): Promise<void> {
  assert.equal((await ask({ port: sluice.http, host: "good.example" })).echo?.backend, "web", "the neighbour is served");
  for (const path of ["/", "/x", `/${MARK}`]) {
    const answer = await ask({ port: sluice.http, host: HOST, path });
    assert.ok(answer.echo?.backend === "web" || [301, 302, 404, 403, 503].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
    assert.ok(!answer.text.includes("root:"), "no file was served");
  }
  assert.ok(!readConf().includes(MARK), "nothing of it is in nginx.conf");
  assert.ok(!existsSync(`/tmp/${MARK}`), "nothing ran");
}

for (const attack of ATTACKS) {
  test(`${attack.cve}: ${attack.what}`, async () => {
    await sluice.apply({ "evil.yaml": manifest(attack) });
    await expectHarmless();
    await sluice.apply({ "evil.yaml": undefined });
  });
}

test("all of them together", async () => {
  const files = ATTACKS.map((attack, index) => [`evil-${index}.yaml`, manifest(attack).replaceAll('"name":"evil"', `"name":"evil-${index}"`)] as const);
  await sluice.apply(Object.fromEntries(files));
  await expectHarmless();
});

test("nginx runs the configuration that it started with", async () => {
  assert.equal(readConf(), conf);
  assert.equal((await sluice.generation()).reloads, 0);
  assert.ok(!sluice.engineLog().includes("[emerg]"));
});

test("CVE-2025-1974, CVE-2026-24514: there is no webhook that renders or runs anything, and no unbounded body", async () => {
  const review = JSON.stringify({ kind: "AdmissionReview", request: { object: { metadata: { annotations: { x: "y".repeat(3_000_000) } } } } });
  for (const path of ["/", "/networking/v1/ingresses", "/validate"]) {
    const answer = await fetch(`http://127.0.0.1:${sluice.health}${path}`, { method: "POST", body: review }).then((response) => response.status, () => "closed");
    assert.ok(answer === "closed" || [404, 405, 413].includes(answer as number), `${path}: ${answer}`);
  }
  assert.equal((await sluice.ask("/healthz")).status, 200);
});
