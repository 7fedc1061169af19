/**
 * Names that are no annotations any more, or never were, and what people write in their place: annotations that
 * ingress-nginx renamed or removed, and keys of its ConfigMap.
 */
import { findKey } from "../config/keys.ts";

const WAF = 'enable-modsecurity: "true" with enable-owasp-core-rules: "true"';
const INFLUX = "the controller's metrics (--enable-metrics)";
const REWRITTEN_LINKS = 'x-forwarded-prefix, which tells the backend what its paths begin with';

/** Former name → what does the same. */
const FORMER: Readonly<Record<string, string>> = {
  "secure-backends": 'backend-protocol: "HTTPS"',
  "grpc-backend": 'backend-protocol: "GRPC"',
  "websocket-services": "nothing: WebSockets are passed on without asking",
  "secure-verify-ca-secret": 'proxy-ssl-secret with proxy-ssl-verify: "on"',
  "add-base-url": REWRITTEN_LINKS,
  "base-url-scheme": REWRITTEN_LINKS,
  "enable-opentracing": "enable-opentelemetry",
  "opentracing-trust-incoming-span": "opentelemetry-trust-incoming-span",
  "opentracing-operation-name": "opentelemetry-operation-name",
  "session-cookie-hash": "nothing: the cookie holds no hash to choose any more",
  "upstream-max-fails": "proxy-next-upstream, proxy-next-upstream-tries",
  "upstream-fail-timeout": "proxy-next-upstream, proxy-next-upstream-timeout",
  "mirror-uri": "mirror-target",
  "vts-filter-key": "the controller's metrics, which have the labels host, ingress and service",
  "enable-influxdb": INFLUX,
  "enable-global-auth-url": "enable-global-auth",
  "client-max-body-size": "proxy-body-size",
  "proxy-hide-headers": "the ConfigMap key hide-headers",
};

/** The same for families of names. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^lua-resty-waf(?:-|$)/, WAF],
  [/^influxdb-/, INFLUX],
  [/^global-rate-limit(?:-|$)/, "limit-rps or limit-rpm, which count in each controller, and limit-allowlist"],
];

/** What to write in place of a name that is no annotation; undefined: nothing is known of the name. */
export function insteadOf(name: string): string | undefined {
  const former = Object.hasOwn(FORMER, name) ? FORMER[name] : FAMILIES.find(([names]) => names.test(name))?.[1];
  if (former !== undefined) return former;
  return findKey(name) ? `the key ${name} of the controller's ConfigMap, for all Ingresses` : undefined;
}
