/** What a start costs, counted: each command loads what it needs and no more, and few large packages are needed at all. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT, writeFiles } from "./support/sluice.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-start-"));
after(() => rmSync(folder, { recursive: true }));

/** Nothing is wrong with it, so that no line is looked for. */
const PLAIN = `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: nginx
spec:
  controller: k8s.io/ingress-nginx
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: default
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: shop
            port:
              number: 80
---
apiVersion: v1
kind: Service
metadata:
  name: shop
  namespace: default
spec:
  ports:
  - port: 80
    targetPort: 8080
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: shop-1
  namespace: default
  labels:
    kubernetes.io/service-name: shop
addressType: IPv4
ports:
- port: 8080
endpoints:
- addresses:
  - 192.0.2.1
`;
writeFiles(folder, { "shop.yaml": PLAIN });
const WALKTHROUGH = join(ROOT, "examples");

/** Parts of Node that take as long to load as all of a short command. */
const HEAVY = new Set(["node:tls", "node:https", "node:http", "node:http2", "node:child_process", "node:worker_threads", "node:vm", "node:readline"]);

interface Load {
  /** Modules of ours. */
  readonly own: number;
  /** npm packages, and the parts of Node that are large. */
  readonly large: readonly string[];
}

async function loadOf(words: readonly string[]): Promise<Load> {
  const list = join(mkdtempSync(join(folder, "list-")), "loaded");
  const flags = ["--import", join(ROOT, "test/support/loaded.ts"), join(ROOT, "src/main.ts")];
  await new Promise<void>((resolve) => {
    execFile(process.execPath, [...flags, ...words], { env: { ...process.env, LOADED: list }, cwd: folder }, () => resolve());
  });
  const urls = [...new Set(readFileSync(list, "utf8").trimEnd().split("\n"))];
  const packages = urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
  const large = new Set([...packages, ...urls.map((url) => (url.startsWith("node:") ? url : `node:${url}`)).filter((url) => HEAVY.has(url))]);
  return { own: urls.filter((url) => /\/(?:src|edge\/src)\/.*\.ts$/.test(url) && !url.includes("/node_modules/")).length, large: [...large].sort() };
}

/** Command line, the most modules of ours that it may load, and the large parts that it loads. */
const LOADS: readonly (readonly [words: string, most: number, large: readonly string[]])[] = [
  ["--version", 6, []],
  ["--help", 7, []],
  ["explain --help", 356, []],
  [`explain http://shop.example/ --manifests ${folder}`, 356, []],
  // Comments behind values, and a text of several lines, are for the complete parser.
  [`explain http://tomcat.lucky.com/ --manifests WALKTHROUGH`, 356, ["yaml"]],
  [`check ${join(folder, "shop.yaml")}`, 297, []],
  [`get routes --manifests ${folder}`, 292, []],
  [`diff ${folder} ${folder}`, 294, []],
  ["run --help", 499, ["node:child_process", "node:http"]],
  ["agent --help", 137, ["node:child_process"]],
  ["completion bash", 48, []],
  ["rollout --help", 40, []],
];

for (const [words, most, large] of LOADS) {
  test(`sluice ${words.replaceAll(folder, "FOLDER")} loads ${large.length === 0 ? "nothing large" : large.join(", ")}, and at most ${most} modules`, async () => {
    const found = await loadOf(words.split(" ").map((word) => (word === "WALKTHROUGH" ? WALKTHROUGH : word)));
    assert.deepEqual(found.large, large);
    assert.ok(found.own > 0 && found.own <= most, `${found.own} modules`);
  });
}
