/**
 * Finds the API server and our credentials: `--kubeconfig`, `$KUBECONFIG`, the pod's own account, `~/.kube/config`,
 * in this order (that of client-go's controllers); `--context` asks for a kubeconfig and so passes over the pod's.
 *
 * The only file that knows `@kubernetes/client-node`, and only its `KubeConfig`, for exec, OIDC and file credentials.
 * It is loaded when a kubeconfig is used, so neither a pod nor a folder of manifests pays for it. The transport, with its
 * HTTP client, is loaded when there is an API server to ask.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { delimiter, dirname, join, resolve } from "node:path";
import { UserError } from "../../support/user-error.ts";
import type { ApiAccess, ApiCredentials } from "./access.ts";
import { inWords } from "./failures.ts";
import { accessTo } from "./given-server.ts";
import { inClusterAccess, SERVICE_ACCOUNT } from "./in-cluster.ts";
import type { Connection } from "./transport.ts";
import { fields, textOrNone } from "./trim.ts";

export type { ApiResponse, Connection, Query, RequestDetails } from "./transport.ts";

export interface ConnectionOptions {
  /** Path of a kubeconfig; empty: find one. */
  readonly kubeconfig: string;
  /** Name of a context in it; empty: its current context. */
  readonly context: string;
  /** URL of the API server, in place of what the configuration says; empty: what the configuration says. */
  readonly apiserverHost?: string;
  /** Path of the CA of `apiserverHost`; empty: that of the configuration. */
  readonly certificateAuthority?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Folder with the pod's `token` and `ca.crt`. */
  readonly serviceAccount?: string;
}

/**
 * Nothing is sent yet: an API server that does not answer is found out by the first request.
 * Rejects with a UserError when there is no configuration, or one that cannot be used.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { apiserverHost, certificateAuthority } = options;
  const [found, { connect }] = await Promise.all([findAccess(options), import("./transport.ts")]);
  if (!apiserverHost) return connect(found ?? throwUnconfigured());
  return connect(accessTo(apiserverHost, certificateAuthority ?? "", found));
}

function throwUnconfigured(): never {
  throw new UserError(
    "No Kubernetes API server is configured: this is not a pod, and there is no --kubeconfig, no KUBECONFIG and no " +
      "~/.kube/config; give one of them, or read files with --manifests.",
  );
}

/** Undefined: there is no configuration. */
async function findAccess({ kubeconfig, context, env = process.env, serviceAccount }: ConnectionOptions): Promise<ApiAccess | undefined> {
  if (kubeconfig) return kubeconfigAccess([kubeconfig], context);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  if (listed.length > 0) return kubeconfigAccess(listed, context);
  if (!context) {
    const pod = await inClusterAccess(env, serviceAccount ?? SERVICE_ACCOUNT);
    if (pod) return pod;
  }
  const own = join(env["HOME"] ?? "", ".kube", "config");
  if (env["HOME"] && existsSync(own)) return kubeconfigAccess([own], context);
  return undefined;
}

async function kubeconfigAccess(files: readonly string[], context: string): Promise<ApiAccess> {
  let loaded = await loadKubeconfig(files, context);
  const { cluster } = loaded;
  if (cluster.proxyUrl?.startsWith("socks")) {
    throw new UserError(
      `Cluster "${cluster.name}" of kubeconfig ${files.join(delimiter)} has the SOCKS proxy ${cluster.proxyUrl}, which is ` +
        "not supported; use an HTTP proxy, or kubectl proxy.",
    );
  }
  return {
    server: cluster.server,
    namespace: loaded.config.getContextObject(loaded.config.getCurrentContext())?.namespace ?? "",
    description: `${cluster.server} (context ${loaded.config.getCurrentContext()})`,
    ...(cluster.proxyUrl ? { proxy: cluster.proxyUrl } : {}),
    read: () => credentialsOf(loaded),
    // A new KubeConfig has forgotten the tokens that exec plugins and OIDC gave, and has read changed files.
    reread: async () => credentialsOf((loaded = await loadKubeconfig(files, context))),
  };
}

interface Loaded {
  readonly config: KubeConfig;
  readonly cluster: NonNullable<ReturnType<KubeConfig["getCurrentCluster"]>>;
  /** The user's `tokenFile`, which KubeConfig does not read. */
  readonly tokenFile: string | undefined;
}

/** Several files are one configuration in which the first to name a cluster, user or context wins, as for kubectl. */
async function loadKubeconfig(files: readonly string[], context: string): Promise<Loaded> {
  const [{ KubeConfig }, { parse }] = await Promise.all([import("@kubernetes/client-node"), import("yaml")]);
  const config = new KubeConfig();
  const tokenFiles = new Map<string, string>();
  for (const file of files) {
    const one = new KubeConfig();
    try {
      const content = await readFile(file, "utf8");
      one.loadFromString(content);
      one.makePathsAbsolute(dirname(file));
      const users: unknown = fields(parse(content))["users"];
      for (const entry of Array.isArray(users) ? users : []) noteTokenFile(entry, dirname(file), tokenFiles);
    } catch (error) {
      if (files.length > 1 && fields(error)["code"] === "ENOENT") continue;
      const why = fields(error)["code"] === "ENOENT" ? "it does not exist" : inWords(error).split("\n")[0];
      throw new UserError(`Kubeconfig ${file} cannot be used: ${why}; name another with --kubeconfig.`);
    }
    mergeFirstWins(config, one);
  }
  if (context) config.setCurrentContext(context);
  return { config, cluster: clusterOf(config, files), tokenFile: tokenFiles.get(config.getCurrentUser()?.name ?? "") };
}

function noteTokenFile(entry: unknown, folder: string, tokenFiles: Map<string, string>): void {
  const name = textOrNone(fields(entry)["name"]);
  const file = textOrNone(fields(fields(entry)["user"])["tokenFile"]);
  if (name && file && !tokenFiles.has(name)) tokenFiles.set(name, resolve(folder, file));
}

function mergeFirstWins(into: KubeConfig, from: KubeConfig): void {
  const news = <T extends { readonly name: string }>(have: readonly T[], more: readonly T[]): T[] =>
    [...have, ...more.filter(({ name }) => !have.some((known) => known.name === name))];
  into.clusters = news(into.clusters, from.clusters);
  into.users = news(into.users, from.users);
  into.contexts = news(into.contexts, from.contexts);
  into.currentContext ??= from.currentContext;
}

function clusterOf(config: KubeConfig, files: readonly string[]): Loaded["cluster"] {
  const where = `Kubeconfig ${files.join(delimiter)}`;
  const known = config.getContexts().map(({ name }) => name).join(", ") || "none";
  const name = config.getCurrentContext();
  if (!name) throw new UserError(`${where} has no current-context; choose one with --context (it has: ${known}).`);
  if (!config.getContextObject(name)) {
    throw new UserError(`${where} has no context "${name}"; choose another with --context (it has: ${known}).`);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new UserError(`${where} has no cluster for its context "${name}"; add it, or choose another context.`);
  if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server)) {
    throw new UserError(`${where} has the server "${cluster.server}", which is no URL; write it like https://10.0.0.1:6443.`);
  }
  return cluster;
}

async function credentialsOf({ config, cluster, tokenFile }: Loaded): Promise<ApiCredentials> {
  const options: RequestOptions & { servername?: string } = {};
  const user = config.getCurrentUser();
  if (cluster.server.startsWith("https:")) await config.applyToHTTPSOptions(options);
  // Plain http is `kubectl proxy` or a test: KubeConfig refuses it, and only a token makes sense there.
  else if (user?.token) options.headers = { Authorization: `Bearer ${user.token}` };

  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields(options.headers))) headers[name.toLowerCase()] = `${value}`;
  if (tokenFile && !headers["authorization"]) {
    headers["authorization"] = `Bearer ${(await readFile(tokenFile, "utf8")).trim()}`;
  }
  if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    headers,
    tls: {
      ...(isPem(ca) ? { ca } : {}),
      ...(isPem(cert) ? { cert } : {}),
      ...(isPem(key) ? { key } : {}),
      ...(servername ? { servername } : {}),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}
