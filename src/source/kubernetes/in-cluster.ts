/**
 * The API server and the account of the pod that we run in.
 *
 * The kubelet keeps the token file fresh (bound service account tokens live about an hour), so it is read anew each
 * time that credentials are asked for. Source: Kubernetes documentation, "Accessing the Kubernetes API from a Pod".
 */
import { access, readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { ApiAccess, ApiCredentials } from "./access.ts";

export const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** `undefined` when this process does not run in a pod with a service account. */
export async function inClusterAccess(env: NodeJS.ProcessEnv, folder: string): Promise<ApiAccess | undefined> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) return undefined;
  const tokenFile = join(folder, "token");
  if (!(await access(tokenFile).then(() => true, () => false))) return undefined;

  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const read = async (): Promise<ApiCredentials> => {
    const [token, ca] = await Promise.all([readFile(tokenFile, "utf8"), readFile(join(folder, "ca.crt"))]);
    return { tls: { ca }, headers: { authorization: `Bearer ${token.trim()}` } };
  };
  const namespace = (await readFile(join(folder, "namespace"), "utf8").catch(() => "")).trim();
  return { server, namespace, description: `${server} (service account of this pod)`, read, reread: read };
}
