/** What the values for deploy/chart carry over from an installation of ingress-nginx, and what they leave out. */
import { findKey, stateOf } from "../model/config/keys.ts";
import type { CommandLine, Settings } from "../settings.ts";
import { FLAGS } from "../settings/table.ts";
import { fields, integerOrNone, list, textOrNone, textRecord } from "../source/kubernetes/trim.ts";
import type { ConfigMap, IngressClass } from "../source/objects.ts";
import type { RawObject } from "../source/raw.ts";
import { printable } from "../support/text.ts";
import type { OldArguments } from "./arguments.ts";
import { portFor, portsOf, typeOf, type OldController, type RawFields } from "./installation.ts";

/** An installation as it was found. */
export interface Installation {
  readonly controller: OldController | undefined;
  readonly arguments: OldArguments | undefined;
  readonly front: RawObject | undefined;
  /** What the controller was judged with. */
  readonly settings: CommandLine;
  readonly configMap: ConfigMap | undefined;
  readonly tcp: ConfigMap | undefined;
  readonly udp: ConfigMap | undefined;
  readonly classes: readonly IngressClass[];
}

/** Something of the installation that the values do not carry over. */
interface LeftOut {
  readonly what: string;
  readonly why: string;
}

export interface CarriedOver {
  readonly values: ChartValues;
  readonly leftOut: readonly LeftOut[];
  /** The release, and the start of all names. */
  readonly release: string;
  readonly base: string;
  readonly namespace: string;
}

type ChartValues = Readonly<Record<string, unknown>>;

const APP = "ingress-nginx";

export function carriedOver(found: Installation): CarriedOver {
  const leftOut: LeftOut[] = [];
  const { controller } = found;
  const labels = textRecord(fields(fields(controller?.workload.value)["metadata"])["labels"]) ?? {};
  const release = labels["app.kubernetes.io/instance"] ?? APP;
  const app = labels["app.kubernetes.io/name"] ?? APP;
  const base = controller?.workload.name.replace(/-controller$/, "") ?? APP;
  const usual = release.includes(app) ? release : `${release}-${app}`;
  const values = filled({
    nameOverride: app === APP ? undefined : app,
    fullnameOverride: base === usual ? undefined : base,
    controller: filled({
      image: { repository: "YOUR_REGISTRY/sluice" },
      ...workloadValues(controller, leftOut),
      config: configValues(found.configMap, leftOut),
      ...flagValues(found, base, leftOut),
      ...classValues(found),
      service: frontValues(found, base, leftOut),
    }),
    serviceAccount: filled({ name: otherThan(base, textOrNone(controller?.pod["serviceAccountName"])) }),
    tcp: found.tcp?.data,
    udp: found.udp?.data,
  });
  return { values, leftOut, release, base, namespace: controller?.workload.namespace ?? APP };
}

/** Without members that are undefined, or have nothing in them. */
function filled(all: Readonly<Record<string, unknown>>): ChartValues {
  const isEmpty = (value: unknown): boolean => value === undefined || value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !isEmpty(value)));
}

/** The value, unless it is the usual one. */
function otherThan<T>(usual: T, value: T | undefined): T | undefined {
  return value === usual ? undefined : value;
}

const GRACE = 300;

function workloadValues(controller: OldController | undefined, leftOut: LeftOut[]): ChartValues {
  if (!controller) return {};
  const { workload, spec, pod, container } = controller;
  const grace = integerOrNone(pod["terminationGracePeriodSeconds"]) ?? 0;
  const meta = fields(fields(spec["template"])["metadata"]);
  const others = list(pod["containers"], (one) => (one["name"] === container["name"] ? undefined : textOrNone(one["name"]))) ?? [];
  leaveOutOfPod(controller, others, leftOut);
  return {
    kind: workload.kind,
    replicaCount: workload.kind === "Deployment" ? (integerOrNone(spec["replicas"]) ?? 1) : undefined,
    minReadySeconds: otherThan(0, integerOrNone(spec["minReadySeconds"])),
    updateStrategy: fields(spec[workload.kind === "Deployment" ? "strategy" : "updateStrategy"]),
    hostNetwork: pod["hostNetwork"] === true ? true : undefined,
    dnsPolicy: otherThan("ClusterFirst", textOrNone(pod["dnsPolicy"])),
    nodeSelector: fields(pod["nodeSelector"]),
    tolerations: pod["tolerations"],
    affinity: fields(pod["affinity"]),
    topologySpreadConstraints: pod["topologySpreadConstraints"],
    priorityClassName: textOrNone(pod["priorityClassName"]),
    // The chart's own seconds are for 300 in all.
    ...(grace > GRACE ? { terminationGracePeriodSeconds: grace, shutdownTimeout: grace - 60 } : {}),
    podAnnotations: withoutManaged(meta["annotations"]),
    podLabels: withoutManaged(meta["labels"]),
    nginx: filled({ resources: fields(container["resources"]) }),
  };
}

/** Labels and annotations that tools or the chart itself write. */
const MANAGED = /^(?:(?:app|apps)\.kubernetes\.io|(?:meta\.)?helm\.sh|kubectl\.kubernetes\.io|deployment\.kubernetes\.io|deprecated\.daemonset\.template\.generation)\/?|^(?:pod-template-hash|controller-revision-hash)$/;

function withoutManaged(map: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(textRecord(map) ?? {}).filter(([key]) => !MANAGED.test(key)));
}

const STOCK_VARIABLES: readonly string[] = ["POD_NAME", "POD_NAMESPACE", "LD_PRELOAD"];

function leaveOutOfPod({ pod, container }: OldController, others: readonly string[], leftOut: LeftOut[]): void {
  const names = (value: unknown): readonly string[] => list(value, (one) => textOrNone(one["name"])) ?? [];
  const say = (all: readonly string[], what: string, why: string): void => {
    if (all.length > 0) leftOut.push({ what: `${what} ${all.map(printable).join(", ")}`, why });
  };
  say(names(container["env"]).filter((name) => !STOCK_VARIABLES.includes(name)), "environment variables", "look whether they are needed; controller.extraEnvs takes them");
  say(names(container["volumeMounts"]).filter((name) => name !== "webhook-cert"), "volumes", "the chart mounts its own; there is no template of nginx.conf to replace");
  say([...others, ...names(pod["initContainers"])], "containers", "the chart has none but its own two");
  const hostPorts = list(container["ports"], (one) => integerOrNone(one["hostPort"])) ?? [];
  if (hostPorts.length > 0 && pod["hostNetwork"] !== true) leftOut.push({ what: `hostPort ${hostPorts.join(", ")}`, why: "use controller.hostNetwork, or a Service of type NodePort" });
}

function configValues(configMap: ConfigMap | undefined, leftOut: LeftOut[]): Record<string, string> {
  return Object.fromEntries(Object.entries(configMap?.data ?? {}).flatMap(([text, value]) => {
    const key = findKey(text);
    const state = key === undefined ? "unknown" : stateOf(key);
    const leave = (why: string): never[] => {
      leftOut.push({ what: `ConfigMap key ${printable(text)}`, why });
      return [];
    };
    if (key === undefined) return leave("there is no such key");
    if (key.field === undefined) return leave(state === "refused" ? `it is refused; instead: ${key.row.instead}` : `it has no effect: it ${key.row.why}`);
    return key.row.secret ? leave("its value is a secret, and not shown here: copy it") : [[key.name, value]];
  }));
}

/** Flags that the chart sets by itself, or in the place of which it has values: why they are in no extraArgs. */
const OF_THE_CHART: Partial<Record<keyof Settings, string>> = {
  validatingWebhook: "the webhook is off until its certificate is there: docs/guide/admission.md", validatingWebhookCertificate: "", validatingWebhookKey: "",
  httpPort: "containers listen on port 80, which the Service leads to", httpsPort: "containers listen on port 443, which the Service leads to",
  healthzPort: "probes ask port 10254", healthzHost: "the kubelet's probes ask the pod's address", healthCheckPath: "probes ask /healthz",
  kubeconfig: "the pod's own account is used", apiserverHost: "the pod's own account is used", certificateAuthority: "the pod's own account is used",
};
const BY_VALUES: readonly (keyof Settings)[] = [
  "publishService", "reportNodeInternalIpAddress", "electionId", "controllerClass", "ingressClass", "configmap", "tcpServicesConfigmap", "udpServicesConfigmap", "ingressClassByName", "watchIngressWithoutClass",
  "watchNamespace", "watchNamespaceSelector", "enableMetrics", "shutdownGracePeriod",
];

function flagValues({ controller, arguments: old, settings: judged }: Installation, base: string, leftOut: LeftOut[]): ChartValues {
  // Of the command line or of the old controller.
  const watchIngressWithoutClass = otherThan(false, judged.watchIngressWithoutClass);
  if (!controller || !old) return { watchIngressWithoutClass };
  const { settings } = old;
  for (const { text, state, sentence } of old.all) if (state === "no effect" || state === "unknown" || state === "refused") leftOut.push({ what: text, why: sentence });
  const published = settings.publishService;
  const namespace = controller.workload.namespace;
  const watched = settings.watchNamespace;
  return {
    publishService: published === "" ? { enabled: false } : published === `${namespace}/${base}-controller` ? undefined : { pathOverride: published },
    reportNodeInternalIp: otherThan(false, settings.reportNodeInternalIpAddress),
    electionID: otherThan(`${base}-leader`, settings.electionId),
    ingressClassByName: otherThan(false, settings.ingressClassByName),
    watchIngressWithoutClass,
    scope: filled({ enabled: watched === "" ? undefined : true, namespace: otherThan(namespace, watched), namespaceSelector: settings.watchNamespaceSelector }),
    metrics: filled({ enabled: otherThan(false, settings.enableMetrics) }),
    shutdownGracePeriod: otherThan(0, settings.shutdownGracePeriod),
    extraArgs: extraArguments(old, leftOut),
  };
}

function extraArguments({ settings, all }: OldArguments, leftOut: LeftOut[]): Record<string, string> {
  const taken = all.filter(({ state }) => state === "works" || state === "differs");
  return Object.fromEntries([...settings.given].flatMap((field) => {
    const { flag } = FLAGS[field];
    const own = taken.filter((one) => one.flag === `--${flag}`);
    if (own.length === 0 || BY_VALUES.includes(field)) return [];
    const why = OF_THE_CHART[field];
    if (why !== undefined && why !== "") leftOut.push({ what: own.map(({ text }) => text).join(" "), why });
    const values = own.map(({ text }) => valueIn(text));
    // Values of a list add up; of any other flag the last one counts.
    return why === undefined ? [[flag, Array.isArray(settings[field]) ? values.join(",") : (values.at(-1) ?? "")]] : [];
  }));
}

/** The value in `--flag=value` and `--flag value`; a switch alone is true. */
function valueIn(text: string): string {
  const at = text.search(/[= ]/);
  return at < 0 ? "true" : text.slice(at + 1);
}

function classValues({ settings, classes }: Installation): ChartValues {
  const { ingressClass, controllerClass } = settings;
  const own = classes.find(({ metadata: { name } }) => name === ingressClass) ?? classes[0];
  return {
    ingressClassResource: filled({
      name: otherThan("nginx", own?.metadata.name ?? ingressClass),
      default: own?.metadata.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true" ? true : undefined,
      controllerValue: otherThan("k8s.io/ingress-nginx", controllerClass),
    }),
    ingressClass: otherThan("nginx", ingressClass),
  };
}

const CARRIED_OF_SERVICE = ["externalTrafficPolicy", "loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges", "externalIPs", "ipFamilyPolicy", "ipFamilies"] as const;
/** Fields that the API server fills in, or that the chart writes. */
const OTHERS_OF_SERVICE: readonly string[] = ["type", "ports", "selector", "clusterIP", "clusterIPs", "allocateLoadBalancerNodePorts", "healthCheckNodePort", "internalTrafficPolicy", "sessionAffinity"];

/** Settings of the Service that clients come through; undefined: none was found, and none is looked for. */
function frontValues({ controller, front, tcp, udp }: Installation, base: string, leftOut: LeftOut[]): ChartValues | undefined {
  if (!front) return controller?.pod["hostNetwork"] === true ? { enabled: false } : undefined;
  const spec: RawFields = fields(fields(front.value)["spec"]);
  const meta = fields(fields(front.value)["metadata"]);
  const http = portFor(front, "http");
  const https = portFor(front, "https");
  const streams = [...Object.keys(tcp?.data ?? {}), ...Object.keys(udp?.data ?? {})];
  const further = portsOf(front).filter(({ port }) => port !== http?.port && port !== https?.port && !streams.includes(String(port)));
  for (const { name, port } of further) leftOut.push({ what: `port ${port}${name === "" ? "" : ` (${printable(name)})`} of the Service`, why: "the chart's Service has http, https, and the ports of tcp and udp" });
  for (const field of Object.keys(spec)) if (!isCarried(field) && !OTHERS_OF_SERVICE.includes(field)) leftOut.push({ what: `${printable(field)} of the Service`, why: "the chart has no such value" });
  if (front.name !== `${base}-controller`) leftOut.push({ what: `the name of the Service, ${printable(front.name)}`, why: `the chart's is ${printable(base)}-controller: the old one stays until you delete it, and so does its address` });
  const nodePort = (port: number | undefined): number | undefined => (typeOf(front) === "ClusterIP" ? undefined : port);
  return filled({
    type: typeOf(front),
    annotations: withoutManaged(meta["annotations"]),
    labels: withoutManaged(meta["labels"]),
    // The default of Kubernetes, where that of the chart is Local.
    externalTrafficPolicy: typeOf(front) === "ClusterIP" ? undefined : (textOrNone(spec["externalTrafficPolicy"]) ?? "Cluster"),
    ...Object.fromEntries(CARRIED_OF_SERVICE.flatMap((field) => (field === "externalTrafficPolicy" || spec[field] === undefined ? [] : [[field, spec[field]]]))),
    ports: filled({ http: otherThan(80, http?.port), https: otherThan(443, https?.port) }),
    nodePorts: filled({ http: nodePort(http?.nodePort), https: nodePort(https?.nodePort) }),
  });
}

function isCarried(field: string): boolean {
  return CARRIED_OF_SERVICE.some((one) => one === field);
}
