/**
 * A real cluster's API for tests of what Sluice writes: a kube-apiserver with RBAC and an audit log, behind a gate, and
 * accounts with the rights that they need and no more.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { openConnection } from "../../src/source/kubernetes/connection.ts";
import type { Connection } from "../../src/source/kubernetes/connection.ts";
import { answerOf } from "../../src/source/kubernetes/pages.ts";
import { startGate } from "../source/kubernetes/gate.ts";
import type { Gate } from "../source/kubernetes/gate.ts";
import { startEnvtest } from "./envtest.ts";
import type { Envtest } from "./envtest.ts";
import { ROOT } from "./sluice.ts";

/** The namespace of the controllers in these tests. */
export const HOME = "ingress";

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface Rights {
  /** In every namespace. */
  readonly everywhere: readonly Rule[];
  /** In the controller's own namespace. */
  readonly atHome: readonly Rule[];
}

/** The rights of the ServiceAccount that deploy/ creates, and no others. */
export const RIGHTS: Rights = { everywhere: deployed("cluster-role.yaml", "ClusterRole"), atHome: deployed("role.yaml", "Role") };

/** The rights that serving needs, and none to write. */
export const READING: Rights = {
  everywhere: RIGHTS.everywhere.filter(({ verbs }) => !verbs.some((verb) => ["create", "update", "patch"].includes(verb))), atHome: [],
};

/** Name of the Lease that `RIGHTS` allow to write. */
export const ELECTION = "ingress-nginx-leader";

function deployed(file: string, kind: string): readonly Rule[] {
  const documents = parseAllDocuments(readFileSync(join(ROOT, "deploy/kustomize/base", file), "utf8"));
  const objects = documents.map((document) => document.toJS() as { readonly kind: string; readonly rules?: readonly Rule[] });
  return objects.find((object) => object.kind === kind)?.rules ?? [];
}

/** One write of an account, as the API server's audit log has it. */
export interface Write {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef: { readonly resource: string; readonly subresource?: string; readonly namespace: string; readonly name?: string };
  readonly responseStatus: { readonly code: number };
}

/** As much of an object as these tests look at. */
export interface Thing {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly creationTimestamp: string; readonly resourceVersion: string };
  readonly spec?: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] } };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly involvedObject?: { readonly kind: string; readonly namespace?: string; readonly name: string; readonly uid?: string };
  readonly source?: { readonly component?: string };
  readonly items?: readonly Thing[];
}

export interface Cluster {
  readonly envtest: Envtest;
  /** All requests to the API server, but those of the tests themselves, go through it. */
  readonly gate: Gate;
  /** Sends a request as an administrator, past the gate. */
  ask(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object): Promise<Thing>;
  /** Creates a ServiceAccount with these rights; gives the path of its kubeconfig. */
  account(name: string, rights?: Rights): Promise<string>;
  /** A new token for an account, in the same file; the old one is refused from now on. */
  rotate(kubeconfig: string): Promise<void>;
  writes(): readonly Write[];
  /** Stops the API server and starts it again, with a new CA and new tokens. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const POLICY = {
  apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"],
  rules: [
    {
      level: "Metadata", verbs: ["create", "update", "patch", "delete"],
      resources: [
        { group: "networking.k8s.io", resources: ["ingresses", "ingresses/status"] },
        { group: "", resources: ["events"] },
        { group: "coordination.k8s.io", resources: ["leases"] },
      ],
    },
    { level: "None" },
  ],
};

export async function startCluster(): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-cluster-"));
  const policy = join(folder, "policy.json");
  const log = join(folder, "audit.log");
  writeFileSync(policy, JSON.stringify(POLICY));
  writeFileSync(log, "");
  const envtest = await startEnvtest([`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, "--watch-cache=false"]);
  const gate = await startGate(Number(new URL(envtest.server).port));
  const accounts = new Map<string, string>();
  let connection: Connection = await openConnection({ kubeconfig: envtest.kubeconfig, context: "" });

  const ask: Cluster["ask"] = async (method, path, body) => {
    const response = await connection.request(path, {}, AbortSignal.timeout(30_000), {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
      ...(method === "PATCH" ? { contentType: "application/merge-patch+json" } : {}),
    });
    return (await answerOf(response)) as Thing;
  };
  const writeKubeconfig = async (file: string, name: string): Promise<void> => {
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
    const { status } = (await ask("POST", `/api/v1/namespaces/${HOME}/serviceaccounts/${name}/token`, request)) as { status?: { token?: string } };
    await writeFile(file, JSON.stringify({
      clusters: [{ name: "c", cluster: { server: `https://127.0.0.1:${gate.port}`, "certificate-authority-data": (await readFile(envtest.ca)).toString("base64") } }],
      users: [{ name: "u", user: { token: status?.token } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: HOME } }],
      "current-context": "x",
    }));
  };
  const makeAccount = async (name: string): Promise<void> => void await ask("POST", `/api/v1/namespaces/${HOME}/serviceaccounts`, { metadata: { name } });

  await ask("POST", "/api/v1/namespaces", { metadata: { name: HOME } });
  await ask("POST", "/apis/networking.k8s.io/v1/ingressclasses", { metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
  return {
    envtest, gate, ask,
    async account(name, rights = RIGHTS) {
      await makeAccount(name);
      const rbac = "/apis/rbac.authorization.k8s.io/v1";
      const grant = async (path: string, kind: string, rules: readonly Rule[]): Promise<void> => {
        const plural = kind.toLowerCase();
        await ask("POST", `${path}/${plural}s`, { metadata: { name }, rules });
        await ask("POST", `${path}/${plural}bindings`, {
          metadata: { name },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
          subjects: [{ kind: "ServiceAccount", namespace: HOME, name }],
        });
      };
      await grant(rbac, "ClusterRole", rights.everywhere);
      await grant(`${rbac}/namespaces/${HOME}`, "Role", rights.atHome);
      const file = join(folder, name);
      accounts.set(file, name);
      await writeKubeconfig(file, name);
      return file;
    },
    async rotate(file) {
      const name = accounts.get(file) ?? "";
      // A token is bound to its account's uid, so a new account of the same name makes the old token invalid.
      await ask("DELETE", `/api/v1/namespaces/${HOME}/serviceaccounts/${name}`);
      await makeAccount(name);
      await writeKubeconfig(file, name);
    },
    writes: () => readFileSync(log, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Write),
    async restart() {
      // An open watch would hold up the server's end.
      await gate.close();
      await envtest.restart();
      await connection.close();
      connection = await openConnection({ kubeconfig: envtest.kubeconfig, context: "" });
      for (const [file, name] of accounts) await writeKubeconfig(file, name);
      await gate.open();
    },
    async stop() {
      await connection.close();
      await gate.close();
      await envtest.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Calls `get` until `holds` is true of its value, and gives that value; throws with the last one after `limit` ms. */
export async function eventually<T>(what: string, get: () => Promise<T> | T, holds: (value: T) => boolean, limit = 60_000): Promise<T> {
  const deadline = Date.now() + limit;
  for (;;) {
    const value = await get();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not in ${limit} ms; the last was ${JSON.stringify(value, null, 1)}`);
    await sleep(50);
  }
}

const INGRESSES = "/apis/networking.k8s.io/v1/namespaces";

export function ingressPath(namespace: string, name = ""): string {
  return `${INGRESSES}/${namespace}/ingresses${name === "" ? "" : `/${name}`}`;
}

export function ingressFor(name: string, host: string, more: { readonly annotations?: object; readonly spec?: object } = {}): object {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const rules = [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }];
  return { metadata: { name, annotations: more.annotations ?? {} }, spec: { ingressClassName: "nginx", rules, ...more.spec } };
}

export function addressesOf({ status }: Thing): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
}
