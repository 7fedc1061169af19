/**
 * A world that changes at random: a few hosts, Services, Secrets and canaries as manifest files, one group of objects in each
 * file. Every change is small and valid (though a Service may lose its endpoints, and a path its Service).
 */
import type { EchoBackend } from "../../support/echo.ts";
import type { Random } from "../../support/random.ts";
import type { KeyPair } from "../../support/openssl.ts";

export const HOSTS = ["a.example", "b.example", "c.example", "d.example", "e.example", "*.wild.example"] as const;
const SERVICES = ["s0", "s1", "s2", "s3", "s4"] as const;
const PATHS = ["/", "/api", "/api/v1", "/static", "/exact"] as const;
/** The host of WebSockets. Its routes and endpoints change like the others', but there is always an endpoint. */
export const SOCKET_HOST = "ws.example";
/** The host at which shares are counted. It always has a primary and a canary by weight, both with endpoints. */
export const SHARE_HOST = "share.example";

export interface World {
  /** Makes a change: the files to write, with undefined for a file to remove. */
  change(): Record<string, string | undefined>;
  /** Gives the canary of the share host this weight. */
  share(weight: number): Record<string, string | undefined>;
  /** All files at the start. */
  readonly files: Readonly<Record<string, string>>;
}

export function createWorld(random: Random, echoes: readonly EchoBackend[], keyPairs: ReadonlyMap<string, readonly KeyPair[]>): World {
  const files: Record<string, string> = {};
  const put = (name: string, text: string | undefined): Record<string, string | undefined> => {
    if (text === undefined) delete files[name];
    else files[name] = text;
    return { [name]: text };
  };
  const endpoints = (): EchoBackend[] => echoes.filter(() => random.chance(0.5));
  const some = (): EchoBackend[] => {
    const chosen = endpoints();
    return chosen.length > 0 ? chosen : [random.pick(echoes)];
  };
  const changes: (() => Record<string, string | undefined>)[] = [
    () => host(random.pick(HOSTS)),
    () => host(random.pick(HOSTS)),
    () => canary(random.pick(HOSTS)),
    () => service(random.pick(SERVICES), random.chance(0.1) ? [] : endpoints()),
    () => service(random.pick(SERVICES), some()),
    () => put("share-canary.yaml", shareCanary(random.pick([0, 10, 30, 50, 90, 100]))),
    () => service("ws", some()),
    () => put("ws.yaml", ingress("ws", SOCKET_HOST, [["/", "Prefix", "ws"], ...morePaths()], "")),
    () => secret(random.pick(HOSTS)),
  ];

  function host(name: string): Record<string, string | undefined> {
    const file = `host-${fileName(name)}.yaml`;
    if (random.chance(0.15)) return put(file, undefined);
    const tls = random.chance(0.4) ? `  tls: [{hosts: ["${name}"], secretName: ${fileName(name)}}]\n` : "";
    return put(file, ingress(fileName(name), name, [...morePaths(), ["/", "Prefix", random.pick(SERVICES)]], tls));
  }
  function morePaths(): [string, string, string][] {
    return PATHS.filter(() => random.chance(0.4))
      .filter((path) => path !== "/")
      .map((path) => [path, random.chance(0.3) ? "Exact" : "Prefix", random.pick(SERVICES)]);
  }
  function canary(name: string): Record<string, string | undefined> {
    const file = `canary-${fileName(name)}.yaml`;
    if (random.chance(0.3)) return put(file, undefined);
    const rule = random.pick([`canary-weight: "${random.below(101)}"`, "canary-by-header: x-canary", "canary-by-cookie: canary"]);
    return put(file, ingress(`canary-${fileName(name)}`, name, [["/", "Prefix", random.pick(SERVICES)]], "", ['canary: "true"', rule]));
  }
  function service(name: string, chosen: readonly EchoBackend[]): Record<string, string | undefined> {
    return put(`service-${name}.yaml`, serviceText(name, chosen));
  }
  function secret(name: string): Record<string, string | undefined> {
    const file = `secret-${fileName(name)}.yaml`;
    if (random.chance(0.2)) return put(file, undefined);
    return put(file, secretText(fileName(name), random.pick(keyPairs.get(name) ?? [])));
  }

  for (const name of SERVICES) service(name, some());
  service("ws", some());
  service("share-main", echoes.slice(0, 2));
  service("share-canary", echoes.slice(2, 4));
  for (const name of HOSTS) host(name);
  put("ws.yaml", ingress("ws", SOCKET_HOST, [["/", "Prefix", "ws"]], ""));
  put("share.yaml", ingress("share", SHARE_HOST, [["/", "Prefix", "share-main"]], ""));
  put("share-canary.yaml", shareCanary(30));
  return {
    files: { ...files },
    change: () => random.pick(changes)(),
    share: (weight) => put("share-canary.yaml", shareCanary(weight)),
  };
}

function shareCanary(weight: number): string {
  return ingress("share-canary", SHARE_HOST, [["/", "Prefix", "share-canary"]], "", ['canary: "true"', `canary-weight: "${weight}"`]);
}

function fileName(host: string): string {
  return host.replace("*", "any").replaceAll(".", "-");
}

function ingress(name: string, host: string, paths: readonly (readonly [string, string, string])[], tls: string, notes: readonly string[] = []): string {
  const annotations = notes.map((note) => `\n    nginx.ingress.kubernetes.io/${note}`).join("");
  const rows = paths.map(([path, type, service]) =>
    `      - {path: ${path}, pathType: ${type}, backend: {service: {name: ${service}, port: {number: 80}}}}`);
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  namespace: test
  annotations: {kubernetes.io/ingress.class: nginx}
spec:
${tls}  rules:
  - host: "${host}"
    http:
      paths:
${rows.join("\n")}
`.replace("annotations: {kubernetes.io/ingress.class: nginx}", `annotations:\n    kubernetes.io/ingress.class: nginx${annotations}`);
}

function serviceText(name: string, chosen: readonly EchoBackend[]): string {
  const slices = chosen.map(({ address, port }, index) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}-${index}, namespace: test, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
ports: [{port: ${port}}]
endpoints: [{addresses: [${address}]}]
`);
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: test}
spec: {ports: [{port: 80}]}
${slices.join("")}`;
}

function secretText(name: string, pair: KeyPair): string {
  return `apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: test}
type: kubernetes.io/tls
data:
  tls.crt: ${Buffer.from(pair.chain).toString("base64")}
  tls.key: ${Buffer.from(pair.key).toString("base64")}
`;
}

