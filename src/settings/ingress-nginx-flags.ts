/**
 * Flags of ingress-nginx that Sluice accepts without effect, so that the arguments of an existing Deployment keep
 * working. Each has its reason, which is logged at the start and stands in the reference page.
 *
 * A flag that gets a meaning moves from here to `table.ts`. If it works differently than in ingress-nginx, its row's
 * `differs` says how.
 */

export interface ForeignFlag {
  /** Name without leading dashes. klog writes underscores in it, and ingress-nginx takes hyphens too. */
  readonly flag: string;
  readonly takes: "value" | "switch";
  /** Completes "has no effect: …". */
  readonly why: string;
}

const VALUE = "value";
const SWITCH = "switch";

const NO_SUCH_LISTENER = "the controller and nginx talk over a unix socket, and requests that nobody wants are answered where they arrive";
const NO_PPROF = "there is no Go to profile; Node's inspector starts with NODE_OPTIONS=--inspect=127.0.0.1";
const NO_DOWNLOAD = "use-geoip2 has no effect (nginx runs without that module), so no databases are fetched";
const NO_NATIVE = "histograms have the buckets of --time-buckets and its sisters; there are no native ones";
const TO_STDERR = "the log goes to standard error; --log-level and --output shape it";

const ROWS: readonly (readonly [flag: string, takes: ForeignFlag["takes"], why: string])[] = [
  ["ssl-passthrough-proxy-port", VALUE, "TLS that ends here comes over a unix socket, which nobody else can reach"],

  ["metrics-per-undefined-host", SWITCH, "requests to names that nobody declared are always counted, under the host _, so that what clients make up makes no series"],
  ["bucket-factor", VALUE, NO_NATIVE],
  ["max-buckets", VALUE, NO_NATIVE],
  ["monitor-max-batch-size", VALUE, "requests are added up where they are served, so there is no batch that could be full"],

  ["disable-full-test", SWITCH, "nothing is rendered to answer the webhook, so there is no test to shorten"],

  ["enable-annotation-validation", SWITCH, "annotations are always validated: each has a type, and what does not fit it is a finding"],
  ["enable-ssl-chain-completion", SWITCH, "Sluice fetches nothing that a certificate names; put the intermediate certificates into the Secret"],

  ["default-server-port", VALUE, NO_SUCH_LISTENER],
  ["status-port", VALUE, NO_SUCH_LISTENER],
  ["stream-port", VALUE, NO_SUCH_LISTENER],
  ["health-check-timeout", VALUE, "ingress-nginx reads it and uses it nowhere; the kubelet's own timeoutSeconds counts"],
  ["internal-logger-address", VALUE, "there is no chroot and no syslog in between; logs go to standard output"],
  ["profiling", SWITCH, NO_PPROF],
  ["profiler-port", VALUE, NO_PPROF],
  ["profiler-address", VALUE, NO_PPROF],

  ["sync-period", VALUE, "watches resume where they were cut and list anew when they cannot, so nothing has to be read again now and then"],
  ["sync-rate-limit", VALUE, "changes are data and cost no reload; --reload-interval bounds the reloads that remain"],
  ["dynamic-configuration-retries", VALUE, "deltas are acknowledged by each worker, and one that reconnects is caught up, however often that takes"],

  ["maxmind-license-key", VALUE, NO_DOWNLOAD],
  ["maxmind-mirror", VALUE, NO_DOWNLOAD],
  ["maxmind-edition-ids", VALUE, NO_DOWNLOAD],
  ["maxmind-retries-count", VALUE, NO_DOWNLOAD],
  ["maxmind-retries-timeout", VALUE, NO_DOWNLOAD],

  // Flags of klog, Kubernetes' logging library.
  ["v", VALUE, TO_STDERR],
  ["vmodule", VALUE, TO_STDERR],
  ["stderrthreshold", VALUE, TO_STDERR],
  ["log-backtrace-at", VALUE, TO_STDERR],
  ["log-dir", VALUE, TO_STDERR],
  ["log-file", VALUE, TO_STDERR],
  ["log-file-max-size", VALUE, TO_STDERR],
  ["logtostderr", SWITCH, TO_STDERR],
  ["alsologtostderr", SWITCH, TO_STDERR],
  ["add-dir-header", SWITCH, TO_STDERR],
  ["one-output", SWITCH, TO_STDERR],
  ["skip-headers", SWITCH, TO_STDERR],
  ["skip-log-headers", SWITCH, TO_STDERR],
];

const FLAGS: ReadonlyMap<string, ForeignFlag> = new Map(ROWS.map(([flag, takes, why]) => [flag, { flag, takes, why }]));

export const INGRESS_NGINX_FLAGS: readonly ForeignFlag[] = [...FLAGS.values()];

export function ingressNginxFlag(name: string): ForeignFlag | undefined {
  return FLAGS.get(name.replaceAll("_", "-"));
}

/** What to say at start about the flags that were given and have no effect, one sentence for each reason. */
export function withoutEffect(names: readonly string[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const name of names) {
    const why = ingressNginxFlag(name.replace(/^-+/, ""))?.why ?? "";
    byReason.set(why, [...(byReason.get(why) ?? []), name]);
  }
  return [...byReason].map(([why, flags]) => `${flags.join(", ")} ${flags.length > 1 ? "have" : "has"} no effect: ${why}`);
}

/** Every flag of ingress-nginx v1.15.1, in its own order. Each has a row above or in `table.ts`. */
export const ALL_OF_INGRESS_NGINX: readonly string[] = `
  apiserver-host certificate-authority kubeconfig configmap tcp-services-configmap udp-services-configmap
  default-backend-service default-ssl-certificate controller-class ingress-class ingress-class-by-name
  watch-ingress-without-class watch-namespace watch-namespace-selector annotations-prefix enable-annotation-validation
  deep-inspect disable-catch-all disable-svc-external-name enable-topology-aware-routing publish-service
  publish-status-address update-status update-status-on-shutdown report-node-internal-ip-address status-update-interval
  election-id election-ttl disable-leader-election enable-ssl-passthrough ssl-passthrough-proxy-port
  enable-ssl-chain-completion http-port https-port default-server-port status-port stream-port healthz-port healthz-host
  health-check-path health-check-timeout profiling profiler-port profiler-address internal-logger-address
  enable-metrics metrics-per-host metrics-per-undefined-host report-status-classes time-buckets length-buckets
  size-buckets bucket-factor max-buckets exclude-socket-metrics monitor-max-batch-size validating-webhook
  validating-webhook-certificate validating-webhook-key disable-full-test sync-period sync-rate-limit
  dynamic-configuration-retries disable-sync-events shutdown-grace-period post-shutdown-grace-period
  maxmind-license-key maxmind-mirror maxmind-edition-ids maxmind-retries-count maxmind-retries-timeout version
  v vmodule stderrthreshold log-backtrace-at log-dir log-file log-file-max-size logtostderr alsologtostderr
  add-dir-header one-output skip-headers skip-log-headers`.trim().split(/\s+/);
