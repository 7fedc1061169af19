/**
 * What a plain request costs in the edge, as LuaJIT bytecodes: decision, endpoint, log. Interpreted, so the number is
 * exact and does not depend on the machine. nginx's own LuaJIT counts them: an nginx that ends before it has listened.
 */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { block, directive, luaBlock, luaString, print } from "../../src/compile/directive.ts";
import { createCompiler, frameLine } from "../../src/compile/program.ts";
import { NGINX_BINARY } from "../../src/engine/paths.ts";
import { buildModel } from "../../src/model/build.ts";
import { DEFAULT_CONFIG } from "../../src/model/config.ts";
import { parseSettings } from "../../src/settings.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { probe, runtimeFolder } from "./engine.ts";

const SCRIPT = fileURLToPath(new URL("plain-route.lua", import.meta.url));
const REQUESTS = 1000;

/** @param edgeDir folder of `sluice.lua` */
export function plainBytecodes(edgeDir: string): number {
  const folder = runtimeFolder();
  try {
    const program = `${folder}/program.log`;
    writeFileSync(program, plainProgram());
    const given = `edge = ${luaString(edgeDir)}, program = ${luaString(program)}, requests = ${REQUESTS}`;
    const conf = `${folder}/nginx.conf`;
    writeFileSync(conf, print([
      ...probe(folder).facts.modules.map((module) => directive("load_module", module)),
      directive("daemon", "off"),
      directive("pid", `${folder}/nginx.pid`),
      directive("error_log", "stderr", "error"),
      block("events", [], []),
      block("http", [], [directive("access_log", "off"), luaBlock("init_by_lua_block", `measured = { ${given} } dofile(${luaString(SCRIPT)})`)]),
    ]));
    return Number(execFileSync(NGINX_BINARY, ["-p", folder, "-c", conf], { encoding: "utf8", timeout: 60_000 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
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
