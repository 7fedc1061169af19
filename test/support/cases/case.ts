/**
 * One case folder, read: what the files say, and the manifests that Sluice is given. `test/cases/README.md` describes
 * the format; a key that it does not name is an error, so that no expectation is ignored because of a slip.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { KeyPair } from "../openssl.ts";
import { certificatesOf, type Client } from "./certificates.ts";
import { requestsOf, type CaseRequest } from "./request.ts";
import { keys, list, table, text } from "./shape.ts";

export const CASES = join(import.meta.dirname, "../../cases");
/** Every case runs with this ConfigMap; one that wants settings writes it in its cluster.yaml. */
export const CONFIGMAP = "sluice/sluice";
/** The port of Services in backends.yaml, and the port that their endpoints listen on. */
const SERVICE_PORT = 80;
const ENDPOINT_PORT = 20080;

export interface Case {
  /** `topic/case`. */
  readonly name: string;
  readonly folder: string;
  /** Flags beyond those that every case has. */
  readonly flags: readonly string[];
  /** Whether the case runs in a Sluice of its own, because it has flags or needs nginx to itself. */
  readonly own: boolean;
  /** `address:port` where nobody listens. */
  readonly silent: ReadonlySet<string>;
  /** File name → YAML, as Sluice reads it. */
  readonly manifests: Readonly<Record<string, string>>;
  /** `namespace/name` of a Secret → its certificate. */
  readonly certificates: ReadonlyMap<string, KeyPair>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly requests: readonly CaseRequest[];
}

/** All cases, by name. */
export function readCases(): readonly Case[] {
  return globSync("*/*/cluster.yaml", { cwd: CASES })
    .map((file) => file.replaceAll("\\", "/").replace(/\/cluster\.yaml$/, ""))
    .sort()
    .map(readCase);
}

function readCase(name: string): Case {
  const folder = join(CASES, name);
  const settings = table(yaml(folder, "settings.yaml") ?? {}, `${name}/settings.yaml`);
  keys(settings, ["flags", "own", "silent"], `${name}/settings.yaml`);
  const backends = table(yaml(folder, "backends.yaml") ?? {}, `${name}/backends.yaml`);
  const certificates = certificatesOf(table(yaml(folder, "certificates.yaml") ?? {}, `${name}/certificates.yaml`), `${name}/certificates.yaml`);
  const flags = list(settings["flags"] ?? [], `${name} flags`).map(text);
  return {
    name,
    folder,
    flags,
    own: flags.length > 0 || settings["own"] === true,
    silent: new Set(list(settings["silent"] ?? [], `${name} silent`).map(text)),
    manifests: {
      "cluster.yaml": readFileSync(join(folder, "cluster.yaml"), "utf8"),
      ...(Object.keys(backends).length > 0 ? { "backends.yaml": documents(Object.entries(backends).flatMap(backendObjects)) } : {}),
      ...(certificates.secrets.length > 0 ? { "certificates.yaml": documents(certificates.secrets) } : {}),
    },
    certificates: certificates.pairs,
    clients: certificates.clients,
    requests: requestsOf(list(yaml(folder, "requests.yaml") ?? [], `${name}/requests.yaml`), name),
  };
}

function yaml(folder: string, file: string): unknown {
  const path = join(folder, file);
  return existsSync(path) ? (parse(readFileSync(path, "utf8")) as unknown) : undefined;
}

function documents(objects: readonly object[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
}

/** `shop/web: [10.0.0.1]`: a Service with one port and a slice of ready endpoints. */
function backendObjects([key, value]: [string, unknown]): object[] {
  const [namespace = "", name = ""] = key.split("/");
  const endpoints = list(value, key).map((address) => ({ addresses: [text(address)], conditions: { ready: true } }));
  const ports = [{ name: "http", port: SERVICE_PORT, targetPort: ENDPOINT_PORT, protocol: "TCP" }];
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: { ports } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "http", port: ENDPOINT_PORT, protocol: "TCP" }],
      endpoints,
    },
  ];
}
