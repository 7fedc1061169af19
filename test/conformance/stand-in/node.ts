/** The one node: its object, and the kubelet's port, at which the API server asks for logs of containers. */
import { createServer } from "node:https";
import type { KeyPair } from "../../support/openssl.ts";
import { unlessOutdated, type AdminApi } from "../inside/api.ts";
import { NODE_ADDRESS } from "../shapes.ts";
import type { PodLog } from "./pod-log.ts";

export const NODE = "node";
const PORT = 10250;

export async function registerNode(api: AdminApi): Promise<void> {
  const now = new Date().toISOString();
  await unlessOutdated(api.ask("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: NODE, labels: { "kubernetes.io/hostname": NODE } } }));
  await api.ask("PATCH", `/api/v1/nodes/${NODE}/status`, {
    status: {
      addresses: [{ type: "InternalIP", address: NODE_ADDRESS }],
      daemonEndpoints: { kubeletEndpoint: { Port: PORT } },
      conditions: [{ type: "Ready", status: "True", reason: "TestGround", message: "it stands in for a kubelet", lastHeartbeatTime: now, lastTransitionTime: now }],
    },
  });
}

/** Answers the API server alone, which shows a certificate of the CA. */
export function serveLogs(kubelet: KeyPair, ca: KeyPair, find: (namespace: string, pod: string, container: string) => PodLog | undefined): Promise<void> {
  const server = createServer({ cert: kubelet.chain, key: kubelet.key, ca: ca.chain, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://node");
    const [, what, namespace = "", pod = "", container = ""] = pathname.split("/");
    const log = what === "containerLogs" ? find(namespace, pod, container) : undefined;
    if (!log) return void response.writeHead(404).end(`no log of ${pathname}\n`);
    response.writeHead(200, { "content-type": "text/plain" }).end(log.read(searchParams));
  });
  return new Promise((resolve, reject) => server.once("error", reject).listen(PORT, NODE_ADDRESS, resolve));
}
