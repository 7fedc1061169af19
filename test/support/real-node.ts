/**
 * A real Kubernetes node (containerd, kubelet, kube-proxy and a control plane) in namespaces of its own, with images of
 * this checkout.
 *
 * `SLUICE_REALNODE` names the folder with `image.sh`, `up.sh` and `down.sh`; without it, `../shared/realnode` beside the
 * project is used when it exists.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { BEGUN, type Load } from "../real-node/load.ts";
import { kubectl, kubectlMissing, objectsIn, type ApiObject } from "./kubectl.ts";
import { ROOT } from "./sluice.ts";

const FOLDER = process.env["SLUICE_REALNODE"] ?? resolve(import.meta.dirname, "../../../shared/realnode");

/** Why nothing about containers in a node can be tested here, in one loud line; `undefined` when it can. */
export const nodeMissing = ((): string | undefined => {
  const nothing = "SKIPPED, NOTHING PROVEN ABOUT CONTAINERS IN A REAL NODE";
  if (!process.env["SLUICE_TEST_NODE"]) return `${nothing}: it takes minutes; run "npm run test:node"`;
  if (!existsSync(join(FOLDER, "up.sh"))) return `${nothing}: no up.sh in ${FOLDER}; set SLUICE_REALNODE to a folder with one`;
  if (process.getuid?.() !== 0) return `${nothing}: a node has namespaces, which need root`;
  return kubectlMissing;
})();

/** Name of Sluice's image in deploy/kustomize; and that of the backend that the folder brings, which answers with its version and its pod. */
export const IMAGE = "sluice:0.1.0";
export const ECHO = "echo:1";

export interface RealNode {
  /** The address at which the client reaches NodePorts. */
  readonly address: string;
  /** A Deployment, a Service and an Ingress of the backend: an example that the folder brings. */
  readonly examples: readonly ApiObject[];
  /** Runs kubectl and gives its standard output; throws an Error with what kubectl complained about. */
  kubectl(args: readonly string[]): string;
  apply(objects: readonly ApiObject[]): void;
  /** Like `kubectl`, but in the background, for commands that take long. */
  kubectlAsync(args: readonly string[]): Promise<string>;
  /** Runs a command in the client's network; gives its standard output. */
  client(...command: string[]): string;
  /** Runs a command on the node; gives its standard output. */
  node(...command: string[]): string;
  /** Asks for a host at a NodePort until the load is stopped. Resolves when the first requests were answered. */
  load(port: number, host: string): Promise<RunningLoad>;
  stop(): void;
}

export interface RunningLoad {
  stop(): Promise<Load>;
}

const PER_SECOND = 100;
const MOST_SECONDS = 300;

/** Builds the images, which takes minutes the first time, and starts the node. */
export function startNode(): RealNode {
  const show = (script: string, ...args: string[]): string =>
    execFileSync(join(FOLDER, script), args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], cwd: ROOT }).trim();
  const images = [`${IMAGE}=${show("image.sh", IMAGE, ROOT, "deploy/image/Dockerfile")}`, `${ECHO}=${show("image.sh", ECHO)}`];
  const kubeconfig = show("up.sh", ...images.flatMap((image) => ["--image", image]));
  const folder = dirname(kubeconfig);
  const env = Object.fromEntries(readFileSync(join(folder, "env"), "utf8").split("\n").filter(Boolean).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  const [client, node, address] = ["REALNODE_CLIENT", "REALNODE_NODE", "REALNODE_ADDRESS"].map((name) => env[name] ?? "") as [string, string, string];
  const run = (script: string, command: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(script, command, { encoding: "utf8", timeout: 60_000 });
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
    return stdout;
  };
  return {
    address,
    examples: objectsIn(readFileSync(join(FOLDER, "examples.yaml"), "utf8")),
    kubectl: (args) => kubectl(args, { kubeconfig }),
    apply: (items) => void kubectl(["apply", "-f", "-"], { kubeconfig, input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) }),
    kubectlAsync: (args) => output(spawn("kubectl", args, { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ["ignore", "pipe", "inherit"] })),
    client: (...command) => run(client, command),
    node: (...command) => run(node, command),
    async load(port, host) {
      const args = [process.execPath, join(ROOT, "test/real-node/load.ts"), address, `${port}`, host, `${PER_SECOND}`, `${MOST_SECONDS}`];
      const child = spawn(client, args, { stdio: ["pipe", "pipe", "inherit"] });
      const result = output(child);
      await Promise.race([result, once(child.stdout, "data")]);
      return {
        async stop() {
          child.stdin.end();
          return JSON.parse((await result).replace(BEGUN, "")) as Load;
        },
      };
    },
    stop: () => void execFileSync(join(FOLDER, "down.sh"), [folder], { stdio: ["ignore", "ignore", "inherit"] }),
  };
}

function output(child: { readonly stdout: NodeJS.ReadableStream; once(event: "close", listener: (code: number | null) => void): unknown }): Promise<string> {
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((done, fail) => child.once("close", (code) => (code === 0 ? done(text) : fail(new Error(`ended with ${code}: ${text}`)))));
}
