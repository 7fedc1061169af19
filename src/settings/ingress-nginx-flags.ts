/**
 * Flags of ingress-nginx that Sluice does not have: accepted without effect, so that the arguments of an existing
 * Deployment keep working. Each is reported.
 */

const WITH_VALUE = `apiserver-host certificate-authority tcp-services-configmap udp-services-configmap
  watch-namespace-selector publish-service publish-status-address status-update-interval election-id election-ttl
  ssl-passthrough-proxy-port default-server-port status-port stream-port health-check-timeout profiler-port
  profiler-address internal-logger-address time-buckets length-buckets size-buckets bucket-factor max-buckets
  exclude-socket-metrics monitor-max-batch-size sync-period sync-rate-limit dynamic-configuration-retries shutdown-grace-period
  post-shutdown-grace-period maxmind-license-key maxmind-mirror maxmind-edition-ids maxmind-retries-count
  maxmind-retries-timeout`;

const SWITCHES = `enable-annotation-validation enable-topology-aware-routing update-status
  update-status-on-shutdown report-node-internal-ip-address disable-leader-election enable-ssl-passthrough
  enable-ssl-chain-completion profiling enable-metrics metrics-per-host metrics-per-undefined-host
  report-status-classes disable-full-test disable-sync-events`;

/** Of klog, Kubernetes' logging library. */
const LOGGING_WITH_VALUE = "v vmodule stderrthreshold log-backtrace-at log-dir log-file log-file-max-size";
const LOGGING_SWITCHES = "logtostderr alsologtostderr add-dir-header one-output skip-headers skip-log-headers";

const split = (names: string): string[] => names.split(/\s+/);

/** Name without dashes → whether a value follows. klog spells with underscores, ingress-nginx takes both. */
const FLAGS: ReadonlyMap<string, "value" | "switch"> = new Map([
  ...[...split(WITH_VALUE), ...split(LOGGING_WITH_VALUE)].map((name) => [name, "value"] as const),
  ...[...split(SWITCHES), ...split(LOGGING_SWITCHES)].map((name) => [name, "switch"] as const),
]);

export const INGRESS_NGINX_FLAGS: readonly string[] = [...FLAGS.keys()];

export function ingressNginxFlag(name: string): "value" | "switch" | undefined {
  return FLAGS.get(name.replaceAll("_", "-"));
}
