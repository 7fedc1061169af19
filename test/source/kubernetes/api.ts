/**
 * The API server that the cases are written against: a real one or the stand-in, each behind a gate.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openConnection } from "../../../src/source/kubernetes/connection.ts";
import type { Connection } from "../../../src/source/kubernetes/connection.ts";
import { answerOf } from "../../../src/source/kubernetes/pages.ts";
import { startApiStandIn } from "../../support/api-stand-in.ts";
import type { ApiStandIn } from "../../support/api-stand-in.ts";
import { startEnvtest } from "../../support/envtest.ts";
import type { Envtest } from "../../support/envtest.ts";
import { startGate } from "./gate.ts";
import type { Gate } from "./gate.ts";

export type Manifest = Record<string, unknown> & { readonly kind: string; readonly metadata: Record<string, unknown> & { readonly name: string } };

export interface Api {
  /** The kubeconfig of an account that may do everything. Its connections go through the gate. */
  readonly kubeconfig: string;
  readonly gate: Gate;
  /** Makes a namespace that no other case uses. */
  namespace(): Promise<string>;
  /** Makes an object. No write of this interface goes through the gate. */
  create(namespace: string, object: Manifest): Promise<void>;
  /** `change` is a JSON merge patch. */
  patch(namespace: string, kind: string, name: string, change: unknown): Promise<void>;
  remove(namespace: string, kind: string, name: string): Promise<void>;
  /** Stops the server and starts it again with the same data. */
  restart(): Promise<void>;
  /** Removes all history, so that watches cannot go on from a version before now. */
  compact(): Promise<void>;
  /** A kubeconfig of an account that may read everything but one resource; `grant` gives it the right to read that one, too. */
  restricted(plural: string): Promise<{ readonly kubeconfig: string; grant(): Promise<void> }>;
  stop(): Promise<void>;
}

const PATHS: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  IngressClass: "/apis/networking.k8s.io/v1/ingressclasses",
  Ingress: "/apis/networking.k8s.io/v1/namespaces/*/ingresses",
  Service: "/api/v1/namespaces/*/services",
  EndpointSlice: "/apis/discovery.k8s.io/v1/namespaces/*/endpointslices",
  Secret: "/api/v1/namespaces/*/secrets",
  ConfigMap: "/api/v1/namespaces/*/configmaps",
  Deployment: "/apis/apps/v1/namespaces/*/deployments",
  DaemonSet: "/apis/apps/v1/namespaces/*/daemonsets",
  ServiceAccount: "/api/v1/namespaces/*/serviceaccounts",
  ValidatingWebhookConfiguration: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  Role: "/apis/rbac.authorization.k8s.io/v1/namespaces/*/roles",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/*/rolebindings",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
};

/** Resources that the source reads, with their API groups. */
const READ: readonly (readonly [plural: string, group: string])[] = [
  ["ingressclasses", "networking.k8s.io"], ["ingresses", "networking.k8s.io"], ["services", ""],
  ["endpointslices", "discovery.k8s.io"], ["secrets", ""], ["configmaps", ""],
];

let serial = 0;
const fresh = (prefix: string): string => `${prefix}-${process.pid}-${++serial}`;

/** Writes as an administrator, past the gate. `connection` is asked for each write, because a restart replaces it. */
function writes(connection: () => Promise<Connection>) {
  const send = async (method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<void> => {
    const response = await (await connection()).request(path, {}, new AbortController().signal, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(method === "PATCH" ? { contentType: "application/merge-patch+json" } : {}),
    });
    await answerOf(response);
  };
  const pathOf = (namespace: string, kind: string): string => (PATHS[kind] ?? kind).replace("*", namespace);
  const create = (namespace: string, object: Manifest) => send("POST", pathOf(namespace, object.kind), object);
  return {
    create,
    patch: (namespace: string, kind: string, name: string, change: unknown) =>
      send("PATCH", `${pathOf(namespace, kind)}/${name}`, change),
    remove: (namespace: string, kind: string, name: string) => send("DELETE", `${pathOf(namespace, kind)}/${name}`),
    async namespace() {
      const name = fresh("case");
      await create("", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      return name;
    },
  };
}

const plain = (server: string, token: string): string => JSON.stringify({
  clusters: [{ name: "c", cluster: { server } }],
  users: [{ name: "u", user: { token } }],
  contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
  "current-context": "x",
});

export async function standInApi(): Promise<Api & { readonly standIn: ApiStandIn }> {
  const standIn = await startApiStandIn();
  const gate = await startGate(Number(new URL(standIn.server).port));
  const folder = await mkdtemp(join(tmpdir(), "sluice-api-"));
  const kubeconfig = join(folder, "kubeconfig");
  const direct = join(folder, "direct");
  await writeFile(kubeconfig, plain(`http://127.0.0.1:${gate.port}`, "admin"));
  await writeFile(direct, plain(standIn.server, "admin"));
  let connection = openConnection({ kubeconfig: direct, context: "" });
  return {
    ...writes(() => connection),
    standIn, kubeconfig, gate,
    async restart() {
      await standIn.restart();
      await (await connection).close();
      connection = openConnection({ kubeconfig: direct, context: "" });
    },
    compact: async () => standIn.compact(),
    async restricted(plural) {
      const token = fresh("restricted");
      standIn.forbidden.add(`${token} ${plural}`);
      const file = join(folder, token);
      await writeFile(file, plain(`http://127.0.0.1:${gate.port}`, token));
      return { kubeconfig: file, grant: async () => void standIn.forbidden.delete(`${token} ${plural}`) };
    },
    async stop() {
      await (await connection).close();
      await gate.close();
      await standIn.stop();
      await rm(folder, { recursive: true });
    },
  };
}

export async function realApi(): Promise<Api & { readonly envtest: Envtest }> {
  // Without a watch cache for Services, their old versions are gone as soon as etcd has been compacted.
  const envtest = await startEnvtest(["--watch-cache-sizes=services#0"]);
  const gate = await startGate(Number(new URL(envtest.server).port));
  const folder = await mkdtemp(join(tmpdir(), "sluice-api-"));
  const kubeconfig = join(folder, "kubeconfig");
  const copy = async (to: string, edit: (text: string) => string): Promise<void> =>
    writeFile(to, edit((await readFile(envtest.kubeconfig, "utf8")).replace(envtest.server, `https://127.0.0.1:${gate.port}`)));
  await copy(kubeconfig, (text) => text);
  let connection = openConnection({ kubeconfig: envtest.kubeconfig, context: "" });
  const api = writes(() => connection);
  return {
    ...api,
    envtest, kubeconfig, gate,
    async restart() {
      // Closes the gate first, because the server would wait for open watches before it ends.
      await gate.close();
      await envtest.restart();
      // The server has a new CA and new accounts.
      await copy(kubeconfig, (text) => text);
      await (await connection).close();
      connection = openConnection({ kubeconfig: envtest.kubeconfig, context: "" });
      await gate.open();
    },
    compact: () => envtest.compact(),
    async restricted(plural) {
      const user = fresh("restricted");
      const bind = async (role: string, resources: readonly (readonly [string, string])[]): Promise<void> => {
        const rules = resources.map(([name, group]) => ({ apiGroups: [group], resources: [name], verbs: ["get", "list", "watch"] }));
        await api.create("", { kind: "ClusterRole", metadata: { name: role }, rules });
        await api.create("", {
          kind: "ClusterRoleBinding", metadata: { name: role },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
          subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }],
        });
      };
      await bind(user, READ.filter(([name]) => name !== plural));
      const file = join(folder, user);
      await copy(file, (text) => text.replace("user: {client-certificate-data", `user: {as: ${user}, client-certificate-data`));
      return { kubeconfig: file, grant: () => bind(`${user}-more`, READ.filter(([name]) => name === plural)) };
    },
    async stop() {
      await (await connection).close();
      await gate.close();
      await envtest.stop();
      await rm(folder, { recursive: true });
    },
  };
}
