/**
 * A real kube-apiserver with its etcd, for tests that must not trust a stand-in.
 *
 * `SLUICE_ENVTEST` names the folder with `start.sh`; without it, `../shared/envtest` beside the project is used when
 * it exists. Where there is neither, tests are skipped, loudly.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePorts } from "./sluice.ts";

const run = promisify(execFile);

/** The folder that is looked in. */
export const ENVTEST = process.env["SLUICE_ENVTEST"] ?? resolve(import.meta.dirname, "../../../shared/envtest");

/** Why tests with a real API server cannot run here, in one loud line; `undefined` when they can. */
export const envtestMissing: string | undefined = existsSync(join(ENVTEST, "start.sh"))
  ? undefined
  : `SKIPPED, NOTHING PROVEN AGAINST A REAL API SERVER: no start.sh in ${ENVTEST}; set SLUICE_ENVTEST to a folder with one`;

export interface Envtest {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly server: string;
  /** Path of the CA's certificate. */
  readonly ca: string;
  /** An administrator's bearer token. */
  readonly token: string;
  /** Removes the history before now from etcd. */
  compact(): Promise<void>;
  /** Stops everything and starts it again on the same port with the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** `apiserverArgs`: further flags of kube-apiserver. */
export async function startEnvtest(apiserverArgs: readonly string[] = []): Promise<Envtest> {
  const script = join(ENVTEST, "start.sh");
  const flags = apiserverArgs.flatMap((arg) => ["--apiserver-arg", arg]);
  const start = async (more: readonly string[]): Promise<string> =>
    (await run(script, [...more, ...flags], { env: { ...process.env, KUBECONFIG: "" } })).stdout.trim();

  // The script would take any free port, one that another test file has reserved, too.
  const [etcdPort, apiPort] = await freePorts(2);
  const ports = ["--etcd-port", `${etcdPort}`, "--api-port", `${apiPort}`];
  const kubeconfig = await start(ports);
  const folder = dirname(kubeconfig);
  let env = await readEnv(folder);
  const server = env["ENVTEST_SERVER"] ?? "";
  const etcd = env["ENVTEST_ETCD"] ?? "";
  // A server that is ready makes its own namespaces a moment later.
  const home = { key: Buffer.from("/registry/namespaces/default").toString("base64"), count_only: true };
  while (((await post(`${etcd}/v3/kv/range`, home)) as { count?: string }).count !== "1") await sleep(20);
  return {
    kubeconfig,
    server,
    ca: env["ENVTEST_CA"] ?? "",
    token: env["ENVTEST_TOKEN"] ?? "",
    async compact() {
      const { header } = (await post(`${etcd}/v3/kv/range`, { key: "AA==" })) as { header: { revision: string } };
      await post(`${etcd}/v3/kv/compaction`, { revision: header.revision, physical: true });
    },
    async restart() {
      await run(script, ["--stop", folder, "--keep"]);
      await start(["--dir", folder, ...ports]);
      env = await readEnv(folder);
    },
    async stop() {
      await run(script, ["--stop", folder]);
    },
  };
}

async function readEnv(folder: string): Promise<Record<string, string>> {
  const lines = (await readFile(join(folder, "env"), "utf8")).trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
