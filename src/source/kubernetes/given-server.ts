/**
 * An API server that the operator names (--apiserver-host), with the credentials that a kubeconfig or the pod has, if
 * there are any.
 *
 * Guarantee: a token is sent over https only; plain http is for `kubectl proxy`, which has credentials of its own.
 */
import { readFile } from "node:fs/promises";
import type { ApiAccess, ApiCredentials } from "./access.ts";

/** @param ca path of a PEM file; empty: what the configuration says. */
export function accessTo(server: string, ca: string, found: ApiAccess | undefined): ApiAccess {
  const isPlain = server.startsWith("http:");
  const adjust = async (credentials: ApiCredentials | undefined): Promise<ApiCredentials> => {
    if (isPlain) return { tls: {}, headers: {} };
    const { tls = {}, headers = {} } = credentials ?? {};
    return { tls: { ...tls, ...(ca === "" ? {} : { ca: await readFile(ca) }) }, headers };
  };
  return {
    server,
    namespace: found?.namespace ?? "",
    description: `${server} (--apiserver-host)`,
    ...(found?.proxy === undefined ? {} : { proxy: found.proxy }),
    read: async () => adjust(await found?.read()),
    reread: async () => adjust(await found?.reread()),
  };
}
