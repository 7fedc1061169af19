import type { GivenEndpoints } from "./values.ts";

/** What the operator chose on the command line. */
export interface Settings {
  // where objects come from
  readonly manifests: readonly string[];
  /** Endpoints in place of those of EndpointSlices. */
  readonly endpoint: readonly GivenEndpoints[];
  /** Services without an endpoint on this machine have backends of the demo's. */
  readonly standIns: boolean;
  readonly kubeconfig: string;
  readonly context: string;
  /** URL of the API server; empty: that of the kubeconfig, or of the pod. */
  readonly apiserverHost: string;
  readonly certificateAuthority: string;
  readonly watchNamespace: string;
  /** Label selector. */
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
  readonly for: "programmed";
  /** Seconds. */
  readonly timeout: number;
  // process
  readonly runtimeDir: string;
  readonly externalAgent: boolean;
  /** Empty: in the runtime folder. */
  readonly tempDir: string;
  /** `host:port`; empty: resolv.conf. */
  readonly resolver: string;
  readonly allowLocalTargets: boolean;
  /** Seconds. */
  readonly reloadInterval: number;
  readonly profilesPerNamespace: number;
  readonly shutdownTimeout: number;
  /** Seconds between the wish to stop and its beginning, and between nginx's end and ours. */
  readonly shutdownGracePeriod: number;
  readonly postShutdownGracePeriod: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly output: "text" | "json";
}
