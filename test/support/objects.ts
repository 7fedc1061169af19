/**
 * Kubernetes objects for tests, in a line each:
 *
 *   ingress("shop/web").host("shop.example").path("/", "web:80")
 *   service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1")
 */
import type { ModelSettings } from "../../src/model/build/settings.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import type { Config } from "../../src/model/config/config.ts";
import type {
  AnyObject, EndpointSlice, Ingress, IngressClass, IngressRule, IngressBackend, IngressTLS, Meta, Namespace, Node, ObjectOfKind, ResolvedName,
  Secret, Service, ServicePort, SliceEndpoint,
} from "../../src/source/objects.ts";
import { SERVICE_NAME_LABEL, Snapshot } from "../../src/source/snapshot.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";

export const PREFIX = "nginx.ingress.kubernetes.io";

/** An Ingress that is being written: each call gives a new one. `host` opens a rule, `path` adds to the last. */
export interface IngressDraft {
  readonly object: Ingress;
  host(host: string): IngressDraft;
  /** @param backend `service:port` */
  path(path: string, backend: string, pathType?: string): IngressDraft;
  defaultBackend(backend: string): IngressDraft;
  tls(secretName: string | undefined, ...hosts: string[]): IngressDraft;
  /** An annotation under nginx.ingress.kubernetes.io. */
  annotate(name: string, value: string): IngressDraft;
  rawAnnotation(key: string, value: string): IngressDraft;
  canary(rules?: Readonly<Record<string, string>>): IngressDraft;
  /** spec.ingressClassName; undefined: none. */
  className(name: string | undefined): IngressDraft;
  /** Created that many seconds after the beginning of 2024. */
  created(second: number): IngressDraft;
  inFile(file: string, document: number): IngressDraft;
}

type Spec = Ingress["spec"];

export function ingress(key: string): IngressDraft {
  return draft({ kind: "Ingress", metadata: meta(key), spec: { ingressClassName: "nginx" } });
}

function draft(object: Ingress): IngressDraft {
  const spec = (change: Partial<Spec>): IngressDraft => draft({ ...object, spec: { ...object.spec, ...change } });
  const metadata = (change: Partial<Meta>): IngressDraft => draft({ ...object, metadata: { ...object.metadata, ...change } });
  const rules = object.spec.rules ?? [];
  const annotate = (entries: Readonly<Record<string, string>>): IngressDraft =>
    metadata({ annotations: { ...object.metadata.annotations, ...entries } });
  return {
    object,
    host: (host) => spec({ rules: [...rules, host === "" ? {} : { host }] }),
    path: (path, backend, pathType = "Prefix") => spec({ rules: withPath(rules, path, backend, pathType) }),
    defaultBackend: (backend) => spec({ defaultBackend: serviceBackend(backend) }),
    tls: (secretName, ...hosts) => spec({ tls: [...(object.spec.tls ?? []), tlsItem(secretName, hosts)] }),
    annotate: (name, value) => annotate({ [`${PREFIX}/${name}`]: value }),
    rawAnnotation: (key, value) => annotate({ [key]: value }),
    canary: (given = {}) => {
      const entries = Object.entries({ canary: "true", ...given });
      return annotate(Object.fromEntries(entries.map(([name, value]) => [`${PREFIX}/${name}`, value])));
    },
    className: (name) => {
      const { ingressClassName: _, ...rest } = object.spec;
      return draft({ ...object, spec: name === undefined ? rest : { ...rest, ingressClassName: name } });
    },
    created: (second) => metadata({ creationTimestamp: new Date(Date.UTC(2024, 0, 1) + second * 1000).toISOString() }),
    inFile: (file, document) => draft({ ...object, origin: { file, document, line: () => document * 10 + 1, column: () => 1 } }),
  };
}

function withPath(rules: readonly IngressRule[], path: string, backend: string, pathType: string): IngressRule[] {
  const last = rules.at(-1) ?? {};
  const paths = [...(last.http?.paths ?? []), { path, pathType, backend: serviceBackend(backend) }];
  return [...rules.slice(0, -1), { ...last, http: { paths } }];
}

function serviceBackend(text: string): IngressBackend {
  const [name = "", port = ""] = text.split(":");
  if (port === "") return { service: { name } };
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

function tlsItem(secretName: string | undefined, hosts: readonly string[]): IngressTLS {
  return { ...(secretName === undefined ? {} : { secretName }), ...(hosts.length > 0 ? { hosts } : {}) };
}

/** @param ports `80`, `80:8080` (targetPort), `http=80:web` (name, named targetPort). */
export function service(key: string, ...ports: string[]): Service {
  return { kind: "Service", metadata: meta(key), spec: { type: "ClusterIP", ports: ports.map(servicePort) } };
}

function servicePort(text: string): ServicePort {
  const [, name, port = "", target] = /^(?:(.+)=)?(\d+)(?::(.+))?$/.exec(text) ?? [];
  return {
    ...(name === undefined ? {} : { name }),
    port: Number(port),
    ...(target === undefined ? {} : { targetPort: /^\d+$/.test(target) ? Number(target) : target }),
  };
}

export function externalName(key: string, name: string, ...ports: string[]): Service {
  return { kind: "Service", metadata: meta(key), spec: { type: "ExternalName", externalName: name, ports: ports.map(servicePort) } };
}

/** A slice `<service>-<suffix>` of ready addresses behind one port. */
export function slice(serviceKey: string, port: number, ...addresses: string[]): EndpointSlice {
  return sliceOf(serviceKey, "1", [{ port, protocol: "TCP" }], addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })));
}

export function sliceOf(
  serviceKey: string,
  suffix: string,
  ports: NonNullable<EndpointSlice["ports"]>,
  endpoints: readonly SliceEndpoint[],
): EndpointSlice {
  const { namespace, name } = meta(serviceKey);
  const metadata = { namespace, name: `${name}-${suffix}`, labels: { [SERVICE_NAME_LABEL]: name } };
  return { kind: "EndpointSlice", metadata, addressType: "IPv4", ports, endpoints };
}

export function ingressClass(name: string, controller = "k8s.io/ingress-nginx", isDefault = false): IngressClass {
  const annotations = { "ingressclass.kubernetes.io/is-default-class": String(isDefault) };
  return { kind: "IngressClass", metadata: { namespace: "", name, annotations }, spec: { controller } };
}

export function namespace(name: string, labels: Readonly<Record<string, string>>): Namespace {
  return { kind: "Namespace", metadata: { namespace: "", name, labels } };
}

export function node(name: string, labels: Readonly<Record<string, string>>): Node {
  return { kind: "Node", metadata: { namespace: "", name, labels } };
}

export function secret(key: string, data: Readonly<Record<string, string | Buffer>>): Secret {
  const bytes = Object.entries(data).map(([name, value]) => [name, new PrivateBytes(value)] as const);
  return { kind: "Secret", metadata: meta(key), type: "kubernetes.io/tls", data: Object.fromEntries(bytes) };
}

export function resolvedName(name: string, addresses: readonly string[], refused: readonly string[] = []): ResolvedName {
  return { kind: "ResolvedName", metadata: { namespace: "", name }, addresses, refused };
}

function meta(key: string): Meta {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}

export type Given = AnyObject | IngressDraft;

export function objectOf(given: Given): AnyObject {
  return "object" in given ? given.object : given;
}

export function snapshotOf(...given: readonly Given[]): Snapshot {
  const snapshot = new Snapshot();
  for (const one of given) put(snapshot, objectOf(one));
  return snapshot;
}

/** `Snapshot.put` of an object whose kind is known only to itself. */
export function put(snapshot: Snapshot, object: AnyObject): void {
  snapshot.put<keyof ObjectOfKind>(object);
}

export const testSettings: ModelSettings = {
  watchNamespace: "",
  watchNamespaceSelector: "",
  ingressClass: "nginx",
  controllerClass: "k8s.io/ingress-nginx",
  ingressClassByName: false,
  watchIngressWithoutClass: false,
  disableCatchAll: false,
  disableSvcExternalName: false,
  endpoint: [],
  standIns: false,
  annotationsPrefix: PREFIX,
  defaultBackendService: "",
  defaultSslCertificate: "",
  healthCheckPath: "/healthz",
  gatewayApi: false,
  gatewayController: "sluice.ingress/gateway",
  gatewayAddresses: [],
  allowLocalTargets: false,
  enableSslPassthrough: false,
  manifests: [],
  bindAddress: [],
  healthzHost: "",
  tcpServicesConfigmap: "",
  udpServicesConfigmap: "",
  httpPort: 80,
  httpsPort: 443,
  deepInspect: true,
  enableTopologyAwareRouting: false,
  healthzPort: 10254,
};

export const testConfig: Config = DEFAULT_CONFIG;
