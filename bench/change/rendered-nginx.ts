/**
 * A controller of the kind that renders and reloads, as a process of its own, to compare with. Started by `rendered-subject.ts`:
 *
 *     node rendered-nginx.ts SERVER DIR HTTP HTTPS USER
 *
 * It lists and watches Ingresses, Services, EndpointSlices and Secrets. After a change it writes the whole nginx.conf (`render.ts`),
 * tests it (`nginx -t`) and sends SIGHUP, as ingress-nginx does for whatever is not its Lua's; at most once a second, where ingress-nginx's
 * queue has 0.3 a second by default. So it hears of endpoints by reloads, too. Old workers end after 240 s (worker_shutdown_timeout), as there.
 * Each reload is told on standard output: a line of JSON.
 */
import { spawn, spawnSync } from "node:child_process";
import { request } from "node:http";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import type { ApiObject } from "../cluster.ts";
import { renderNginxConf } from "./render.ts";

const LEAST_MS = 1000;
const PLURALS = { ingresses: "/apis/networking.k8s.io/v1", services: "/api/v1", endpointslices: "/apis/discovery.k8s.io/v1", secrets: "/api/v1" } as const;
type Plural = keyof typeof PLURALS;

const [, , server = "", dir = "", http = "", https = "", user = ""] = process.argv;
const objects: Record<Plural, Map<string, ApiObject>> = { ingresses: new Map(), services: new Map(), endpointslices: new Map(), secrets: new Map() };
const certificates = new Map<string, { readonly chain: string; readonly key: string }>();
const conf = `${dir}/nginx.conf`;
let reloads = 0;
let last = -Infinity;
let dirty = false;
let busy = false;

async function listAndWatch(plural: Plural): Promise<void> {
  const url = `${server}${PLURALS[plural]}/${plural}`;
  const list = (await (await fetch(url)).json()) as { metadata: { resourceVersion: string }; items: ApiObject[] };
  for (const item of list.items) take(plural, "ADDED", item);
  request(`${url}?watch=true&timeoutSeconds=100000&resourceVersion=${list.metadata.resourceVersion}`, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: ApiObject };
        if (type !== "BOOKMARK") take(plural, type, object);
      }
      changed();
    });
    response.on("close", () => process.exit(1));
  }).end();
}

function take(plural: Plural, type: string, object: ApiObject): void {
  const { name } = object.metadata;
  if (type === "DELETED") objects[plural].delete(name);
  else objects[plural].set(name, object);
  if (plural === "secrets" && type !== "DELETED") writeCertificate(name, object["data"] as Record<string, string>);
}

function writeCertificate(name: string, data: Readonly<Record<string, string>>): void {
  const files = { chain: `${dir}/certificates/${name}.crt`, key: `${dir}/certificates/${name}.key` };
  const bytes = (key: string): Buffer => Buffer.from(data[key] ?? "", "base64");
  writeFileSync(files.chain, bytes("tls.crt"));
  writeFileSync(files.key, bytes("tls.key"), { mode: 0o600 });
  certificates.set(name, files);
}

/** Swapped by rename, because nginx may be reading the one before. */
function write(): void {
  writeFileSync(`${conf}.new`, renderNginxConf({
    dir, http: Number(http), https: Number(https), user, certificates,
    ingresses: objects.ingresses.values(), services: objects.services.values(), slices: objects.endpointslices.values(),
  }));
  renameSync(`${conf}.new`, conf);
}

/** Reloads now, or when the last reload is a second ago. Changes until then go with it. */
function changed(): void {
  dirty = true;
  if (busy) return;
  busy = true;
  setTimeout(() => {
    busy = false;
    dirty = false;
    last = performance.now();
    write();
    const tested = spawnSync("nginx", ["-t", "-q", "-p", dir, "-c", conf], { encoding: "utf8" });
    if (tested.status !== 0) process.stderr.write(`nginx refuses its configuration: ${tested.stderr.slice(0, 1000)}\n`);
    else nginx.kill("SIGHUP");
    process.stdout.write(`${JSON.stringify({ reloads: ++reloads, ms: performance.now() - last })}\n`);
    if (dirty) changed();
  }, Math.max(0, last + LEAST_MS - performance.now()));
}

mkdirSync(`${dir}/certificates`, { recursive: true });
for (const plural of ["secrets", "services", "endpointslices", "ingresses"] as const) await listAndWatch(plural);
write();
const nginx = spawn("nginx", ["-p", dir, "-c", conf], { stdio: ["ignore", "inherit", "inherit"] });
last = performance.now();
nginx.once("exit", () => process.exit(1));
// Ctrl-C comes to all processes of a terminal, and before the benchmark's SIGTERM.
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    nginx.removeAllListeners("exit");
    nginx.once("exit", () => process.exit(0));
    nginx.kill("SIGTERM");
  });
}
