/**
 * Every flag: name, type, default, help. `--help`, parsing and the reference page read this one table.
 *
 * ingress-nginx behaviour: flags that it has too have its names and defaults.
 */
import { REPLAY_FLAGS } from "./replay-flags.ts";
import { REQUEST_FLAGS } from "./request-flags.ts";
import { DIFFERENCES, FAIL_ON, LISTINGS, MANIFEST_FORMS, MIGRATION_REPORTS, REPORTS, SORTS, WAITED_FOR } from "./shape.ts";
import type { Settings } from "./shape.ts";
import * as type from "./values.ts";
import type { FlagType } from "./values.ts";

export const COMMANDS = ["run", "demo", "explain", "check", "diff", "get", "logs", "top", "rollout", "migrate-report", "migrate-replay", "rbac", "agent", "stop", "wait", "secret"] as const;
/** A name with a dash is that of a command and its subcommand: `sluice migrate report`. */
export type Command = (typeof COMMANDS)[number];

export interface FlagRow<T> {
  /** The flag's name, without leading dashes. */
  readonly flag: string;
  readonly type: FlagType<T>;
  readonly default: T | ((env: NodeJS.ProcessEnv) => T);
  /** The default of `sluice demo` where it is another, because the demo needs no privileges and serves this machine only. */
  readonly demoDefault?: T;
  /** How the default reads in the help, where the value does not say it. */
  readonly defaultText?: string;
  readonly group: (typeof GROUPS)[number];
  readonly help: string;
  /** A flag of ingress-nginx that works otherwise here: how, in a sentence. */
  readonly differs?: string;
  /** The commands that have the flag; absent: all of them. */
  readonly commands?: readonly Command[];
}

/** Flags that may be written with one letter, as kubectl and curl have them. */
export const SHORT_FLAGS: Readonly<Record<string, string>> = { output: "o", namespace: "n", watch: "w", follow: "f", header: "H", request: "X", cookie: "b", user: "u", verbose: "v" };

export const GROUPS = ["Where objects come from", "Which objects are served", "Ports", "Dashboard", "Metrics", "What is written to the cluster", "What is waited for", "The request", "What is sent", "What is compared", "What is told", "What a Secret holds", "Process"] as const;
const [SOURCE, OURS, PORTS, DASHBOARD, METRICS, CLUSTER, WAIT, , , , TOLD, SECRET, PROCESS] = GROUPS;

/** Commands that read objects. */
const READING: readonly Command[] = ["run", "demo", "explain", "check", "diff", "get", "migrate-report", "rbac"];
/** Commands that serve requests, and tell their agent on which ports. */
const SERVING: readonly Command[] = ["run", "demo"];

const reading = { commands: READING } as const;
/** Commands that can read objects from a cluster. */
const fromCluster = { commands: READING.filter((command) => command !== "demo") } as const;
/** Commands that ask a running Sluice: that of this machine, or one of a cluster. */
const asking = { commands: ["get", "logs", "top", "rollout", "wait", "explain"] } as const;
/** Commands that need to know how a cluster is reached. */
const reaching = { commands: [...fromCluster.commands, "logs", "top", "rollout", "wait"] } as const;
/** Commands with a controller. */
const controlling = { commands: ["run", "demo"] } as const;
/** Commands that look for endpoints. */
const balancing = { commands: [...SERVING, "explain", "check", "get"] } as const;
const serving = { commands: SERVING } as const;
/** Commands that write to a cluster. */
const writing = { commands: ["run"] } as const;
/** Commands that have a health port, or ask that of a running Sluice. */
const answering = { commands: [...SERVING, ...asking.commands] } as const;
const secret = { commands: ["secret"] } as const;
/** Commands that own or find a running Sluice by its folder. */
const located = { commands: [...SERVING, "agent", "explain", "rollout", "stop"] } as const;

export const FLAGS: { readonly [K in keyof Settings]: FlagRow<Settings[K]> } = {
  manifests: { flag: "manifests", type: type.folders, default: [], group: SOURCE, commands: READING.filter((command) => command !== "diff" && command !== "migrate-report"),
    help: "Read objects from the YAML and JSON files below this folder instead of a cluster; may be repeated." },
  endpoint: { flag: "endpoint", type: type.endpoints, default: [], group: SOURCE, ...balancing,
    defaultText: "what EndpointSlices say",
    help: "With --manifests: the endpoints of a Service, or of one of its ports, in place of its EndpointSlices; may be repeated." },
  standIns: { flag: "stand-ins", type: type.boolean, default: false, demoDefault: true, group: SOURCE, commands: ["demo"],
    help: "Answer for the Services that no EndpointSlice puts on this machine, with small backends that say their names." },
  kubeconfig: { flag: "kubeconfig", type: type.path, default: "", group: SOURCE, ...reaching,
    defaultText: "the cluster around the pod, else $KUBECONFIG, else ~/.kube/config", help: "How to reach the cluster.",
    differs: "Outside a pod and without the flag, `$KUBECONFIG` and `~/.kube/config` are looked at." },
  context: { flag: "context", type: type.anyText, default: "", group: SOURCE, ...reaching,
    defaultText: "the current one", help: "Context of the kubeconfig." },
  apiserverHost: { flag: "apiserver-host", type: type.serverUrl, default: "", group: SOURCE, ...fromCluster,
    defaultText: "that of the kubeconfig, or of the cluster around the pod", help: "URL of the API server.",
    differs: "Without a kubeconfig a pod's own account is used there, over https only." },
  certificateAuthority: { flag: "certificate-authority", type: type.path, default: "", group: SOURCE, ...fromCluster,
    defaultText: "that of the kubeconfig, or of the pod's account", help: "PEM file with the CA of --apiserver-host." },
  watchNamespace: { flag: "watch-namespace", type: type.namespace, default: "", group: SOURCE, ...reading,
    defaultText: "all", help: "Read only this namespace." },
  watchNamespaceSelector: { flag: "watch-namespace-selector", type: type.labelSelector, default: "", group: SOURCE, ...reading,
    defaultText: "all", help: "Serve the Ingresses of namespaces with these labels only.",
    differs: "A label that is changed takes effect at once. The other kinds are read in all namespaces." },
  secrets: { flag: "secrets", type: type.oneOf("all", "named"), default: "all", group: SOURCE, commands: ["run", "explain", "check", "diff", "get", "migrate-report", "rbac"],
    help: "How Secrets are read: all are watched and those that are referred to are kept, or each of those is watched by its name, for an account that may read no others (see sluice rbac)." },
  serviceAccount: { flag: "service-account", type: type.objectName, default: "", group: SOURCE, commands: ["rbac"],
    help: "The account that `sluice run` has in the cluster." },

  ingressClass: { flag: "ingress-class", type: type.className, default: "nginx", group: OURS, ...reading,
    help: "Value of the annotation kubernetes.io/ingress.class that makes an Ingress ours." },
  controllerClass: { flag: "controller-class", type: type.controllerName, default: "k8s.io/ingress-nginx", group: OURS, ...reading,
    help: "spec.controller of the IngressClasses that are ours." },
  ingressClassByName: { flag: "ingress-class-by-name", type: type.boolean, default: false, group: OURS, ...reading,
    help: "The IngressClass named like --ingress-class is ours too, whatever its controller." },
  watchIngressWithoutClass: { flag: "watch-ingress-without-class", type: type.boolean, default: false, group: OURS, ...reading,
    help: "Ingresses without any class are ours too." },
  disableCatchAll: { flag: "disable-catch-all", type: type.boolean, default: false, group: OURS, ...reading,
    help: "Refuse Ingresses with a defaultBackend." },
  disableSvcExternalName: { flag: "disable-svc-external-name", type: type.boolean, default: false, group: OURS, ...reading,
    help: "Services of type ExternalName have no endpoints." },
  enableTopologyAwareRouting: { flag: "enable-topology-aware-routing", type: type.boolean, default: false, group: OURS, ...reading,
    help: "Prefer endpoints that EndpointSlices give to the zone of this node (NODE_NAME, or the pod's), for Services that ask for it.",
    differs: "Where the zone has no ready endpoint, those of other zones are used. It has no effect on files." },
  annotationsPrefix: { flag: "annotations-prefix", type: type.annotationsPrefix, default: "nginx.ingress.kubernetes.io", group: OURS,
    ...reading, help: "What annotations start with, before the slash." },
  deepInspect: { flag: "deep-inspect", type: type.boolean, default: true, group: OURS, ...reading,
    help: "Refuse Ingresses with text in hosts, paths and TLS names that only makes sense as an attack on nginx." },
  gatewayApi: { flag: "gateway-api", type: type.boolean, default: false, group: OURS, ...reading,
    help: "Serve Gateways and the routes that attach to them, too." },
  gatewayController: { flag: "gateway-controller", type: type.controllerName, default: "sluice.ingress/gateway", group: OURS, ...reading,
    help: "spec.controllerName of the GatewayClasses that are ours." },
  gatewayAddresses: { flag: "gateway-addresses", type: type.networks, default: [], group: OURS, ...reading,
    defaultText: "Gateways share the addresses of http", help: "Networks of this machine whose addresses Gateways may have; may be repeated." },
  configmap: { flag: "configmap", type: type.objectName, default: "", group: OURS, ...reading,
    help: "The ConfigMap with settings for all Ingresses." },
  defaultBackendService: { flag: "default-backend-service", type: type.objectName, default: "", demoDefault: "ingress/default-http-backend", group: OURS,
    ...reading, defaultText: "answer 404", help: "Service that gets the requests nobody else wants.",
    differs: "A Service that does not exist yet is a finding, and the requests get 404; the start goes on." },
  defaultSslCertificate: { flag: "default-ssl-certificate", type: type.objectName, default: "", group: OURS, ...reading,
    defaultText: "a self-signed one", help: "Secret with the certificate of hosts that have none." },

  tcpServicesConfigmap: { flag: "tcp-services-configmap", type: type.objectName, default: "", group: OURS, ...reading,
    defaultText: "none", help: "ConfigMap with the TCP ports to serve: port → namespace/service:port[:PROXY[:PROXY]]." },
  udpServicesConfigmap: { flag: "udp-services-configmap", type: type.objectName, default: "", group: OURS, ...reading,
    defaultText: "none", help: "ConfigMap with the UDP ports to serve: port → namespace/service:port." },
  enableSslPassthrough: { flag: "enable-ssl-passthrough", type: type.boolean, default: false, group: OURS, ...reading,
    help: "Honour the annotation ssl-passthrough: TLS connections for such hosts go to their backend as they are." },

  bindAddress: { flag: "bind-address", type: type.addresses, default: [], demoDefault: ["127.0.0.1"], group: PORTS,
    ...serving, defaultText: "all", help: "Listen for http and https on these addresses; may be repeated." },
  httpPort: { flag: "http-port", type: type.port, default: 80, demoDefault: 8080, group: PORTS, ...serving, help: "Port for http." },
  httpsPort: { flag: "https-port", type: type.port, default: 443, demoDefault: 8443, group: PORTS, ...serving, help: "Port for https." },
  healthzPort: { flag: "healthz-port", type: type.port, default: 10254, group: PORTS, ...answering, help: "Port for health and metrics." },
  healthzHost: { flag: "healthz-host", type: type.address, default: "", demoDefault: "127.0.0.1", group: PORTS,
    ...answering, defaultText: "all", help: "Address for health and metrics." },
  healthCheckPath: { flag: "health-check-path", type: type.urlPath, default: "/healthz", group: PORTS, ...serving,
    help: "Path of the health check.",
    differs: "It is alive while the controller answers: whether nginx serves is what `/readyz` says. The paths below it (`/healthz/ping`) do not exist, and on the ports of http it is that path alone." },
  validatingWebhook: { flag: "validating-webhook", type: type.listenAddress, default: "", group: PORTS, commands: ["run"],
    defaultText: "no webhook", help: "Answer admission requests of the API server here.",
    differs: "Ingresses of other controllers pass unread, nothing is rendered, and what was wrong before an update does not stop it." },
  validatingWebhookCertificate: { flag: "validating-webhook-certificate", type: type.path, default: "", group: PORTS, commands: ["run"],
    help: "PEM file with the webhook's certificate; read anew when it changes." },
  validatingWebhookKey: { flag: "validating-webhook-key", type: type.path, default: "", group: PORTS, commands: ["run"],
    help: "PEM file with its key; read anew when it changes." },
  validatingWebhookClientCa: { flag: "validating-webhook-client-ca", type: type.path, default: "", group: PORTS, commands: ["run"],
    defaultText: "everybody may ask", help: "PEM file: only clients with a certificate that it signed may ask the webhook." },

  dashboard: { flag: "dashboard", type: type.boolean, default: false, demoDefault: true, group: DASHBOARD, ...controlling,
    help: "Show what is served and what happens, in a browser: /dashboard/ on the health port, for this machine alone." },
  dashboardTokenFile: { flag: "dashboard-token-file", type: type.path, default: "", group: DASHBOARD, ...controlling,
    defaultText: "this machine alone looks", help: "Who shows the token in this file may look, from anywhere, and nobody without one; read anew at each look." },
  dashboardTokenReview: { flag: "dashboard-token-review", type: type.boolean, default: false, group: DASHBOARD, commands: ["run"],
    help: "Who shows a token of the cluster may look, from anywhere, if its account may get the path /dashboard/; and nobody without one." },

  enableMetrics: { flag: "enable-metrics", type: type.boolean, default: false, demoDefault: true, group: METRICS, ...controlling,
    help: "Measure requests: durations and sizes as histograms, with the names of ingress-nginx.",
    differs: "Without it requests are counted all the same (nginx_ingress_controller_requests, without the labels method and host)." },
  metricsPerHost: { flag: "metrics-per-host", type: type.boolean, default: true, group: METRICS, ...controlling,
    help: "Tell the hosts of an Ingress apart; names that a wildcard or no rule stands for are counted under the rule's name.",
    differs: "Requests to hosts that only a wildcard declares are counted under the wildcard, and those to undeclared hosts under `_`, instead of being left out." },
  metricsPerPath: { flag: "metrics-per-path", type: type.boolean, default: true, group: METRICS, ...controlling,
    help: "Tell the paths of an Ingress apart." },
  metricsMaxSeries: { flag: "metrics-max-series", type: type.count(1000, 10_000_000), default: 100_000, group: METRICS, ...controlling,
    help: "At most so many series of counted requests, and so many of histograms; what comes later is counted without the labels of its route." },
  reportStatusClasses: { flag: "report-status-classes", type: type.boolean, default: false, group: METRICS, ...controlling,
    help: "The label status is 2xx, 4xx, … instead of the code." },
  timeBuckets: { flag: "time-buckets", type: type.buckets, default: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], group: METRICS, ...controlling,
    help: "Buckets of durations, in seconds." },
  lengthBuckets: { flag: "length-buckets", type: type.buckets, default: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100], group: METRICS, ...controlling,
    help: "Buckets of request_size and response_size, in bytes." },
  sizeBuckets: { flag: "size-buckets", type: type.buckets, default: [10, 100, 1000, 10_000, 100_000, 1e6, 1e7], group: METRICS, ...controlling,
    help: "Buckets of bytes_sent, in bytes." },
  excludeSocketMetrics: { flag: "exclude-socket-metrics", type: type.metricNames, default: [], group: METRICS, ...controlling,
    defaultText: "none", help: "Measurements that are left out, separated by commas; may be repeated.",
    differs: "A name that is none of them is a mistake, and not passed over." },

  updateStatus: { flag: "update-status", type: type.boolean, default: true, group: CLUSTER, ...writing,
    help: "Write the addresses of this controller to the status of Ingresses." },
  publishService: { flag: "publish-service", type: type.objectName, default: "", group: CLUSTER, ...writing,
    defaultText: "addresses of the nodes", help: "Service whose addresses Ingresses get.",
    differs: "A Service that does not exist yet is a finding; the start goes on." },
  publishStatusAddress: { flag: "publish-status-address", type: type.addressesOrNames, default: [], group: CLUSTER, ...writing,
    defaultText: "addresses of the nodes", help: "Addresses that Ingresses get, in place of those of a Service or of nodes; may be repeated." },
  reportNodeInternalIpAddress: { flag: "report-node-internal-ip-address", type: type.boolean, default: false, group: CLUSTER, ...writing,
    help: "Ingresses get the internal addresses of nodes, not the external ones." },
  statusUpdateInterval: { flag: "status-update-interval", type: type.interval, default: 60, group: CLUSTER, ...writing,
    help: "How often the addresses of nodes are looked up, 5 s at least; a Service is watched.",
    differs: "Statuses are written when something changed; nothing waits for the interval but addresses of nodes." },
  updateStatusOnShutdown: { flag: "update-status-on-shutdown", type: type.boolean, default: true, group: CLUSTER, ...writing,
    help: "Take the addresses away when the last replica stops.",
    differs: "They are taken away also where several are published." },
  disableLeaderElection: { flag: "disable-leader-election", type: type.boolean, default: false, group: CLUSTER, ...writing,
    help: "Elect no replica that writes: then no status is written." },
  electionId: { flag: "election-id", type: type.leaseName, default: "ingress-controller-leader", group: CLUSTER, ...writing,
    help: "Name of the Lease by which replicas elect the one that writes." },
  electionTtl: { flag: "election-ttl", type: type.leaseDuration, default: 30, group: CLUSTER, ...writing, defaultText: "30s",
    help: "How long a leader that says nothing more stays leader." },
  disableSyncEvents: { flag: "disable-sync-events", type: type.boolean, default: false, group: CLUSTER, ...writing,
    help: "Write no Events about Ingresses and other objects; reloads of nginx still make one on the Pod." },

  for: { flag: "for", type: type.oneOf(...WAITED_FOR), default: "programmed", group: WAIT, commands: ["wait"],
    help: "programmed: every worker serves the object as it is now. rollout: the release of this canary is ready to promote, or promoted." },
  timeout: { flag: "timeout", type: type.duration, default: 60, group: WAIT, commands: ["wait"], defaultText: "60s",
    help: "How long to wait; 0s: only look. Releases take longer than the default: --timeout=2h." },

  runtimeDir: { flag: "runtime-dir", type: type.runtimeFolder, group: PROCESS, ...located,
    default: (env) => (env["XDG_RUNTIME_DIR"] ? `${env["XDG_RUNTIME_DIR"]}/sluice` : "/run/sluice"),
    defaultText: "$XDG_RUNTIME_DIR/sluice, else /run/sluice", help: "Sockets and nginx's files; best in memory." },
  stateDir: { flag: "state-dir", type: type.folder, default: "", group: PROCESS, ...serving, defaultText: "none",
    help: "Folder for what has to outlive Sluice where there is no cluster to keep it: how far the rollouts of canaries are." },
  externalAgent: { flag: "external-agent", type: type.boolean, default: false, group: PROCESS, commands: ["run"],
    help: "Start no nginx: \"sluice agent\" runs it, as the same user and with the same --runtime-dir, in another container." },
  tempDir: { flag: "temp-dir", type: type.runtimeFolder, default: "", group: PROCESS, commands: ["agent"],
    defaultText: "in the runtime folder", help: "Folder for bodies that are too long for nginx's buffers, so that memory is left alone." },
  resolver: { flag: "resolver", type: type.resolver, default: "", group: PROCESS, ...reading,
    defaultText: "those of /etc/resolv.conf", help: "DNS server for Services of type ExternalName." },
  allowLocalTargets: { flag: "allow-local-targets", type: type.boolean, default: false, group: PROCESS, ...reading,
    help: "Let ExternalName Services lead to loopback and link-local addresses." },
  reloadInterval: { flag: "reload-interval", type: type.seconds, default: 10, demoDefault: 1, group: PROCESS, commands: ["run", "demo"],
    help: "At most one reload of nginx in so many seconds for what tenants need, after four at once; more of it waits for the next." },
  profilesPerNamespace: { flag: "profiles-per-namespace", type: type.positive, default: 128, group: PROCESS, commands: ["run", "demo", "explain", "check", "diff", "get", "migrate-report"],
    help: "Distinct combinations of settings that need a location of nginx's, for the Ingresses of one namespace." },
  shutdownTimeout: { flag: "shutdown-timeout", type: type.seconds, default: 10, demoDefault: 2, group: PROCESS,
    commands: [...SERVING, "agent", "stop"],
    help: "How long requests may take to end when Sluice is stopped, after the grace period." },
  shutdownGracePeriod: { flag: "shutdown-grace-period", type: type.seconds, default: 0, group: PROCESS, commands: ["run", "agent", "stop"],
    help: "Told to stop, Sluice is not ready any more but serves on for so long, while load balancers turn away." },
  postShutdownGracePeriod: { flag: "post-shutdown-grace-period", type: type.seconds, default: 0, group: PROCESS, commands: ["run", "agent"],
    help: "Seconds between the end of nginx and the end of the process.",
    differs: "The default is 0, not 10: nothing is gained by waiting when nginx has ended." },
  logLevel: { flag: "log-level", type: type.oneOf("debug", "info", "warn", "error"), default: "info", group: PROCESS,
    help: "Least severity that is logged." },
  output: { flag: "output", type: type.oneOf("text", "json"), default: "text", group: PROCESS, commands: COMMANDS.filter((command) => !["check", "diff", "get", "migrate-report", "secret"].includes(command)),
    help: "Text for people or JSON for machines." },
  report: { flag: "output", type: type.oneOf(...REPORTS), default: "text", group: TOLD, commands: ["check"],
    help: "Text for people, JSON, SARIF 2.1.0 for tools that show findings beside the code, or GitHub's annotations." },
  failOn: { flag: "fail-on", type: type.oneOf(...FAIL_ON), default: "error", group: TOLD, commands: ["check"],
    help: "The least severity that makes the exit code 1." },
  partial: { flag: "partial", type: type.boolean, default: false, group: TOLD, commands: ["check", "migrate-report"],
    help: "What is checked is a part of what will be there: objects that are named and missing are no findings." },
  fix: { flag: "fix", type: type.boolean, default: false, group: TOLD, commands: ["check"],
    help: "Rewrite what has one right answer: old shapes of the API, missing path types, the class annotation, quotes, names that ingress-nginx gave up. Comments and order stay." },
  dryRun: { flag: "dry-run", type: type.boolean, default: false, group: TOLD, commands: ["check"],
    help: "With --fix: write nothing, and print what would be changed as a unified diff, for patch -p0 and git apply -p0." },
  ignore: { flag: "ignore", type: type.texts("CODE[:KIND/NAMESPACE/NAME]"), default: [], group: TOLD, commands: ["check"],
    defaultText: "none", help: "Leave out findings with this code, of this object where one is given (* for any of its parts); several between commas, may be repeated." },
  baseline: { flag: "baseline", type: { ...type.path, placeholder: "FILE" }, default: "", group: TOLD, commands: ["check"],
    defaultText: "none", help: "Leave out the findings that this file knows: what was there when --write-baseline wrote it." },
  writeBaseline: { flag: "write-baseline", type: type.boolean, default: false, group: TOLD, commands: ["check"],
    help: "Write what is found to the file of --baseline, so that only what is new counts from then on." },
  objectNamespace: { flag: "namespace", type: type.namespace, default: "", group: TOLD, commands: ["check", "diff", "migrate-report"],
    defaultText: "default", help: "Namespace of objects of files that name none, as with kubectl apply and helm template." },
  differences: { flag: "output", type: type.oneOf(...DIFFERENCES), default: "text", group: TOLD, commands: ["diff"],
    help: "Text for people, JSON, or Markdown for a comment on a pull request and for the summary of a job." },
  listing: { flag: "output", type: type.oneOf(...LISTINGS), default: "text", group: TOLD, commands: ["get"],
    help: "A table that fits the terminal, a wide one with every column and nothing cut, JSON or YAML." },
  namespace: { flag: "namespace", type: type.namespace, default: "", group: TOLD, commands: ["get", "logs", "top", "rollout"],
    defaultText: "all", help: "Only what comes from objects of this namespace." },
  watch: { flag: "watch", type: type.boolean, default: false, group: TOLD, commands: ["get"],
    help: "List again when something is different, until Ctrl-C." },
  live: { flag: "live", type: type.boolean, default: false, group: SOURCE, commands: ["explain"],
    help: "Ask the Sluice of this machine, its workers too, instead of reading objects." },
  all: { flag: "all", type: type.boolean, default: false, group: TOLD, commands: ["explain"],
    help: "Show all rules of the host, in the order in which they are tried." },
  deployment: { flag: "deployment", type: type.objectName, default: "", group: SOURCE, ...asking,
    defaultText: "none; of kubectl sluice: ingress-nginx/ingress-nginx-controller",
    help: "Ask a pod of this Deployment, by kubectl exec, in place of the Sluice of this machine." },
  pod: { flag: "pod", type: type.objectName, default: "", group: SOURCE, ...asking,
    defaultText: "none", help: "Ask this pod, in the same way." },
  migrationReport: { flag: "output", type: type.oneOf(...MIGRATION_REPORTS), default: "text", group: TOLD, commands: ["migrate-report"],
    help: "Text for people, JSON for machines, or one page of HTML to hand on." },
  everyObject: { flag: "all", type: type.boolean, default: false, group: TOLD, commands: ["migrate-report"],
    help: "List the objects that work as they are, too." },
  valuesOnly: { flag: "values", type: type.boolean, default: false, group: TOLD, commands: ["migrate-report"],
    help: "Print the values for deploy/chart and nothing else." },
  oldController: { flag: "controller", type: type.objectName, default: "", group: SOURCE, commands: ["migrate-report"],
    defaultText: "the one that is found", help: "The Deployment or DaemonSet of ingress-nginx that is to be replaced, where there are several." },
  follow: { flag: "follow", type: type.boolean, default: false, group: TOLD, commands: ["logs"],
    help: "Show each request as it ends, until Ctrl-C. Without it, those that were noted: a sample, and answers of Sluice's own." },
  ofHost: { flag: "host", type: type.texts("HOST"), default: [], group: TOLD, commands: ["logs", "top"],
    defaultText: "all", help: "Only requests for this host, or for the names below *.HOST; may be repeated." },
  ofIngress: { flag: "ingress", type: type.texts("NAME"), default: [], group: TOLD, commands: ["logs", "top"],
    defaultText: "all", help: "Only requests that this Ingress took (NAME or NAMESPACE/NAME); may be repeated." },
  ofStatus: { flag: "status", type: type.statuses, default: [], group: TOLD, commands: ["logs"],
    defaultText: "all", help: "Only these statuses (404, 5xx); may be repeated." },
  ofReason: { flag: "reason", type: type.texts("REASON"), default: [], group: TOLD, commands: ["logs"],
    defaultText: "all", help: "Only what Sluice answered itself for this reason (no-route, …; any: for whichever, none: what backends answered); may be repeated." },
  sort: { flag: "sort", type: type.oneOf(...SORTS), default: "requests", group: TOLD, commands: ["top"],
    help: "Which routes come first: those with most requests, with most errors (5xx before 4xx), or with the longest p99." },
  interval: { flag: "interval", type: type.count(1, 3600, "SECONDS"), default: 2, group: TOLD, commands: ["top"],
    help: "How long requests are added up for each picture, in seconds." },
  lines: { flag: "lines", type: type.count(1, 100_000), default: 0, group: TOLD, commands: ["top"],
    defaultText: "all, or those for which the terminal has room where it is drawn anew", help: "At most so many routes." },
  once: { flag: "once", type: type.boolean, default: false, group: TOLD, commands: ["top", "rollout"],
    help: "One picture, of sluice top after one interval. A table for anything but a terminal is always one." },
  certFile: { flag: "cert", type: type.path, default: "", group: SECRET, ...secret,
    help: "PEM file with the certificate, followed by those that signed it." },
  keyFile: { flag: "key", type: type.path, default: "", group: SECRET, ...secret,
    help: "PEM file with the key of the certificate." },
  users: { flag: "user", type: type.userNames, default: [], group: SECRET, ...secret,
    defaultText: "those of the file", help: "Make a line for this user, with a password that is asked for; may be repeated." },
  secretNamespace: { flag: "namespace", type: type.namespace, default: "", group: SECRET, ...secret,
    defaultText: "none is written", help: "Namespace of the Secret." },
  manifestForm: { flag: "output", type: type.oneOf(...MANIFEST_FORMS), default: "yaml", group: SECRET, ...secret,
    help: "Form of the manifest." },

  ...REQUEST_FLAGS,
  ...REPLAY_FLAGS,
};
