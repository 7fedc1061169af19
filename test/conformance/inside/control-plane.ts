/** etcd and kube-apiserver with certificates of their own, on 127.0.0.1 of the ground's network. */
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { globSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { authority, issued } from "../../support/authority.ts";
import type { KeyPair } from "../../support/openssl.ts";
import { API_PORT, FILES, NODE_ADDRESS, type GroundPlan } from "../shapes.ts";
import { openAdminApi, type AdminApi } from "./api.ts";

const ETCD = "http://127.0.0.1:2379";
const LOOK_MS = 50;

export interface ControlPlane {
  readonly api: AdminApi;
  /** The CA, and a certificate of it for the stand-in for the kubelet. */
  readonly ca: KeyPair;
  readonly kubelet: KeyPair;
}

/** Resolves when the API server is ready and has the CRDs. */
export async function startControlPlane(plan: GroundPlan): Promise<ControlPlane> {
  const etcd = startEtcd(plan);
  const ca = authority("test-ground");
  const admin = issued(ca, "/O=system:masters/CN=admin");
  const files = writeKeys(plan.folder, ca, admin);
  const kubeconfig = join(plan.folder, FILES.inside);
  writeFileSync(kubeconfig, kubeconfigFor(`https://127.0.0.1:${API_PORT}`, ca.chain, admin), { mode: 0o600 });
  await untilTrue(etcd, async () => (await fetch(`${ETCD}/health`)).ok);
  const server = program(plan, "kube-apiserver", plan.apiserver, [
    "--bind-address=127.0.0.1", `--secure-port=${API_PORT}`, "--advertise-address=127.0.0.1", `--etcd-servers=${ETCD}`,
    `--tls-cert-file=${files("server.crt")}`, `--tls-private-key-file=${files("server.key")}`, `--client-ca-file=${files("ca.crt")}`,
    "--service-account-issuer=https://kubernetes.default.svc", `--service-account-signing-key-file=${files("accounts.key")}`, `--service-account-key-file=${files("accounts.key")}`,
    "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC", "--allow-privileged=true", "--endpoint-reconciler-type=none", "--profiling=false",
    `--kubelet-client-certificate=${files("admin.crt")}`, `--kubelet-client-key=${files("admin.key")}`, `--kubelet-certificate-authority=${files("ca.crt")}`,
    "--kubelet-preferred-address-types=InternalIP",
    // Nobody makes the accounts and tokens that this one asks for.
    "--disable-admission-plugins=ServiceAccount", ...plan.apiserverArgs,
  ]);
  const api = await openAdminApi(kubeconfig);
  await untilTrue(server, async () => {
    const { statusCode, body } = await api.connection.request("/readyz", {}, AbortSignal.timeout(5000));
    await body.dump();
    return statusCode === 200;
  });
  await applyCrds(api, plan.crds);
  return { api, ca, kubelet: issued(ca, "/CN=node", { server: [`IP:${NODE_ADDRESS}`] }) };
}

export function kubeconfigFor(server: string, ca: string, { chain, key }: KeyPair): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return JSON.stringify({
    apiVersion: "v1", kind: "Config", "current-context": "ground",
    clusters: [{ name: "ground", cluster: { server, "certificate-authority-data": base64(ca) } }],
    users: [{ name: "admin", user: { "client-certificate-data": base64(chain), "client-key-data": base64(key) } }],
    contexts: [{ name: "ground", context: { cluster: "ground", user: "admin" } }],
  });
}

interface Program {
  readonly child: ChildProcess;
  readonly name: string;
  readonly log: string;
}

function program({ folder }: GroundPlan, name: string, path: string, args: readonly string[]): Program {
  const log = join(folder, `${name}.log`);
  const output = openSync(log, "a");
  return { child: spawn(path, args, { stdio: ["ignore", output, output] }), name, log };
}

function startEtcd(plan: GroundPlan): Program {
  return program(plan, "etcd", plan.etcd, [
    // Its data is in memory and of no use afterwards.
    `--data-dir=${mkdtempSync("/dev/shm/etcd-")}`, "--unsafe-no-fsync=true", `--listen-client-urls=${ETCD}`, `--advertise-client-urls=${ETCD}`,
    "--listen-peer-urls=http://127.0.0.1:0", "--log-level=warn",
  ]);
}

function writeKeys(folder: string, ca: KeyPair, admin: KeyPair): (name: string) => string {
  const path = (name: string): string => join(folder, name);
  const write = (name: string, { chain, key }: KeyPair): void => {
    writeFileSync(path(`${name}.crt`), chain);
    writeFileSync(path(`${name}.key`), key, { mode: 0o600 });
  };
  write("ca", ca);
  write("admin", admin);
  write("server", issued(ca, "/CN=kube-apiserver", { server: ["IP:127.0.0.1", "IP:10.96.0.1", "DNS:localhost", "DNS:kubernetes.default.svc"] }));
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(path("accounts.key"), privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  return path;
}

/** Asks until it is true. Rejects with the end of the program's log when that has ended. */
async function untilTrue({ child, name, log }: Program, ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended: ${readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n")}`);
    await sleep(LOOK_MS);
  }
}

interface CrdState {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }[];
}

/** Resolves when all kinds can be written. */
async function applyCrds(api: AdminApi, folder: string): Promise<void> {
  const texts = globSync("*.yaml", { cwd: folder }).sort().map((file) => readFileSync(join(folder, file), "utf8"));
  await Promise.all(texts.map((text) => api.apply(text)));
  for (;;) {
    const { items } = (await api.ask("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")) as CrdState;
    if (items.every(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True"))) return;
    await sleep(LOOK_MS);
  }
}
