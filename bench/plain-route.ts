/**
 * What a plain request costs in the edge, as LuaJIT bytecodes: exact, so that a feature that nobody uses can be shown
 * to cost nobody anything. Needs the program `luajit`.
 *
 *     npm run bench:plain                  this checkout
 *     npm run bench:plain -- v1.2.0        this checkout against that commit
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCompiler, frameLine } from "../src/compile/program.ts";
import { buildModel } from "../src/model/build.ts";
import { DEFAULT_CONFIG } from "../src/model/config.ts";
import { parseSettings } from "../src/settings.ts";
import { Snapshot } from "../src/source/snapshot.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REQUESTS = 1000;

const folder = mkdtempSync(join(tmpdir(), "sluice-plain-"));
try {
  const program = join(folder, "program.log");
  writeFileSync(program, plainProgram());
  const [before] = process.argv.slice(2);
  const now = bytecodes(ROOT, program);
  console.log(`this checkout: ${now} bytecodes a plain request`);
  if (before !== undefined) {
    const then = bytecodes(checkout(before), program);
    console.log(`${before}: ${then} bytecodes; ${((now / then - 1) * 100).toFixed(2)} % more now`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  execFileSync("git", ["worktree", "prune"], { cwd: ROOT });
}

/** Two hosts, two endpoints, no annotation. */
function plainProgram(): string {
  const snapshot = new Snapshot();
  const place = (name: string): { name: string; namespace: string } => ({ name, namespace: "shop" });
  const backend = { service: { name: "web", port: { number: 80 } } };
  snapshot.put<"IngressClass">({ kind: "IngressClass", metadata: { name: "nginx", namespace: "" }, spec: { controller: "k8s.io/ingress-nginx" } });
  snapshot.put<"Service">({ kind: "Service", metadata: place("web"), spec: { ports: [{ port: 80 }] } });
  snapshot.put<"EndpointSlice">({
    kind: "EndpointSlice",
    metadata: { ...place("web"), labels: { "kubernetes.io/service-name": "web" } },
    endpoints: [{ addresses: ["10.0.0.1", "10.0.0.2"] }],
    ports: [{ port: 8080 }],
  });
  for (const host of ["shop.example", "other.example"]) {
    const paths = [{ path: "/", pathType: "Prefix", backend }];
    snapshot.put<"Ingress">({ kind: "Ingress", metadata: place(host), spec: { ingressClassName: "nginx", rules: [{ host, http: { paths } }] } });
  }
  const { program } = createCompiler().compile(buildModel(snapshot, parseSettings([], "run", {}), DEFAULT_CONFIG));
  const frames = [...program.parts.values()].map(({ frame }) => frame.reveal().toString("latin1"));
  return [...frames, frameLine({ op: "commit", generation: 1, digest: "" }), ""].join("\n");
}

function bytecodes(root: string, program: string): number {
  execFileSync(process.execPath, [join(root, "scripts/build-edge.ts")], { cwd: root, stdio: "inherit" });
  const script = join(ROOT, "bench/plain-route.lua");
  return Number(execFileSync("luajit", [script, join(root, "edge/build"), program, String(REQUESTS)], { encoding: "utf8" }));
}

function checkout(commit: string): string {
  const root = join(folder, "before");
  execFileSync("git", ["worktree", "add", "--detach", "--quiet", root, commit], { cwd: ROOT });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  symlinkSync(join(ROOT, "edge/node_modules"), join(root, "edge/node_modules"));
  return root;
}
