import type { GivenEndpoints } from "./values.ts";

/** Forms in which `sluice check` tells what it has found. */
export const REPORTS = ["text", "json", "sarif", "github"] as const;
/** Forms in which `sluice diff` tells differences. */
export const DIFFERENCES = ["text", "json", "markdown"] as const;
/** Forms in which `sluice get` lists. */
export const LISTINGS = ["text", "wide", "json", "yaml"] as const;
/** By what `sluice top` sorts routes. */
export const SORTS = ["requests", "errors", "latency"] as const;
/** What `sluice wait` waits for. */
export const WAITED_FOR = ["programmed", "rollout"] as const;
/** Forms in which `sluice secret` prints a manifest. */
export const MANIFEST_FORMS = ["yaml", "json"] as const;
/** Forms of the report of `sluice migrate report`. */
export const MIGRATION_REPORTS = ["text", "json", "html"] as const;
/** The least severity by which `sluice check` fails. */
export const FAIL_ON = ["error", "warning", "info", "never"] as const;

/** What the operator chose on the command line. */
export interface Settings {
  // where objects come from
  readonly manifests: readonly string[];
  /** Endpoints in place of those of EndpointSlices. */
  readonly endpoint: readonly GivenEndpoints[];
  /** Whether Services without an endpoint on this machine get stand-ins (the demo). */
  readonly standIns: boolean;
  readonly kubeconfig: string;
  readonly context: string;
  /** URL of the API server; empty: that of the kubeconfig, or of the pod. */
  readonly apiserverHost: string;
  readonly certificateAuthority: string;
  readonly watchNamespace: string;
  /** A label selector; empty: all namespaces. */
  readonly watchNamespaceSelector: string;
  readonly secrets: "all" | "named";
  /** `namespace/name`. */
  readonly serviceAccount: string;
  // which objects are ours
  readonly ingressClass: string;
  readonly controllerClass: string;
  readonly ingressClassByName: boolean;
  readonly watchIngressWithoutClass: boolean;
  readonly disableCatchAll: boolean;
  readonly disableSvcExternalName: boolean;
  readonly enableTopologyAwareRouting: boolean;
  readonly annotationsPrefix: string;
  readonly deepInspect: boolean;
  /** Objects of the Gateway API are read and served. */
  readonly gatewayApi: boolean;
  /** spec.controllerName of the GatewayClasses that are ours. */
  readonly gatewayController: string;
  /** Networks whose addresses Gateways may have. Empty: Gateways share the addresses that http is listened for on. */
  readonly gatewayAddresses: readonly string[];
  // `namespace/name`, empty: none
  readonly configmap: string;
  readonly defaultBackendService: string;
  readonly defaultSslCertificate: string;
  // ports below http; ConfigMaps as `namespace/name`, empty: none
  readonly tcpServicesConfigmap: string;
  readonly udpServicesConfigmap: string;
  readonly enableSslPassthrough: boolean;
  // listeners
  readonly bindAddress: readonly string[];
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly healthzPort: number;
  readonly healthzHost: string;
  readonly healthCheckPath: string;
  // dashboard
  readonly dashboard: boolean;
  readonly dashboardTokenFile: string;
  readonly dashboardTokenReview: boolean;
  // metrics
  readonly enableMetrics: boolean;
  readonly metricsPerHost: boolean;
  readonly metricsPerPath: boolean;
  readonly metricsMaxSeries: number;
  readonly reportStatusClasses: boolean;
  /** Upper bounds, ascending: seconds, bytes, bytes. */
  readonly timeBuckets: readonly number[];
  readonly lengthBuckets: readonly number[];
  readonly sizeBuckets: readonly number[];
  readonly excludeSocketMetrics: readonly string[];
  // the admission webhook: where it listens (`:8443`; empty: nowhere), and its files
  readonly validatingWebhook: string;
  readonly validatingWebhookCertificate: string;
  readonly validatingWebhookKey: string;
  readonly validatingWebhookClientCa: string;
  // what is written to the cluster
  readonly updateStatus: boolean;
  /** `namespace/name`, empty: none. */
  readonly publishService: string;
  readonly publishStatusAddress: readonly string[];
  readonly reportNodeInternalIpAddress: boolean;
  /** Seconds. */
  readonly statusUpdateInterval: number;
  readonly updateStatusOnShutdown: boolean;
  readonly disableLeaderElection: boolean;
  readonly electionId: string;
  /** Seconds. */
  readonly electionTtl: number;
  readonly disableSyncEvents: boolean;
  // sluice wait
  readonly for: (typeof WAITED_FOR)[number];
  /** Seconds. */
  readonly timeout: number;
  // process
  readonly runtimeDir: string;
  /** Empty: none. */
  readonly stateDir: string;
  readonly externalAgent: boolean;
  /** Empty: a folder in the runtime folder. */
  readonly tempDir: string;
  /** `host:port` of a DNS server; empty: those of resolv.conf. */
  readonly resolver: string;
  readonly allowLocalTargets: boolean;
  /** Seconds. */
  readonly reloadInterval: number;
  readonly profilesPerNamespace: number;
  readonly shutdownTimeout: number;
  /** Seconds between the signal to stop and the beginning of the stop; and those between the end of nginx and that of the process. */
  readonly shutdownGracePeriod: number;
  readonly postShutdownGracePeriod: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly output: "text" | "json";
  // what `sluice check` tells, and what it makes of it
  readonly report: (typeof REPORTS)[number];
  readonly failOn: (typeof FAIL_ON)[number];
  readonly partial: boolean;
  readonly fix: boolean;
  readonly dryRun: boolean;
  /** `CODE`, or `CODE:KIND/NAMESPACE/NAME`. */
  readonly ignore: readonly string[];
  /** A file; empty: none. */
  readonly baseline: string;
  readonly writeBaseline: boolean;
  /** Of objects of files that name none; empty: `default`. */
  readonly objectNamespace: string;
  // how `sluice diff` tells differences
  readonly differences: (typeof DIFFERENCES)[number];
  // what `sluice get` lists
  readonly listing: (typeof LISTINGS)[number];
  readonly namespace: string;
  readonly watch: boolean;
  // what `sluice explain` asks
  /** `name: value`. */
  readonly askedHeaders: readonly string[];
  readonly askedMethod: string;
  /** `name=value`. */
  readonly askedCookies: readonly string[];
  /** `user:password`; empty: none. */
  readonly askedUser: string;
  /** Empty: not known. */
  readonly askedClient: string;
  /** `namespace/name`; empty: none is named. */
  readonly askedGateway: string;
  /** A line of the access log in place of a request; empty: none. */
  readonly askedLine: string;
  readonly verbose: boolean;
  readonly live: boolean;
  readonly all: boolean;
  // which Sluice of a cluster is asked in place of this machine's; `namespace/name`, empty: none
  readonly deployment: string;
  readonly pod: string;
  // what `sluice migrate report` tells
  readonly migrationReport: (typeof MIGRATION_REPORTS)[number];
  readonly everyObject: boolean;
  readonly valuesOnly: boolean;
  /** `namespace/name`, empty: the one that is found. */
  readonly oldController: string;
  // which requests `sluice logs` shows; some of it for `sluice top`
  readonly follow: boolean;
  readonly ofHost: readonly string[];
  readonly ofIngress: readonly string[];
  readonly ofStatus: readonly string[];
  readonly ofReason: readonly string[];
  // how `sluice top` shows routes; some of it for `sluice rollout`
  readonly sort: (typeof SORTS)[number];
  /** Seconds. */
  readonly interval: number;
  /** Routes at most; 0: as many as there is room for. */
  readonly lines: number;
  readonly once: boolean;
  // what `sluice secret` makes a manifest of; files are paths
  readonly certFile: string;
  readonly keyFile: string;
  readonly users: readonly string[];
  /** Empty: the manifest names none. */
  readonly secretNamespace: string;
  readonly manifestForm: (typeof MANIFEST_FORMS)[number];
  // what `sluice migrate replay` sends, where, and what it compares
  readonly logFile: string;
  /** Empty: ingress-nginx's default. */
  readonly logFormat: string;
  readonly logFormatEscape: "default" | "json" | "none";
  /** Listeners as URLs, empty: none was given. */
  readonly against: string;
  readonly and: string;
  readonly againstHttps: string;
  readonly andHttps: string;
  readonly verifyCertificates: boolean;
  readonly sentHost: string;
  readonly sentMethods: readonly string[];
  /** `Name: value`. */
  readonly sentHeaders: readonly string[];
  readonly allLines: boolean;
  /** Requests a second. */
  readonly rate: number;
  /** Requests; 0: all. */
  readonly limit: number;
  readonly ignoreHeader: readonly string[];
  readonly ignoreBody: boolean;
  readonly upstreamHeader: string;
}
