/**
 * ingress-nginx's annotations that Sluice knows by name and does not honour yet.
 *
 * Guarantee: one that keeps requests out is never silently ignored. Where its value asks for protection, every path
 * of its Ingress answers 503 until Sluice can honour it. The others get a finding and have no effect.
 */
import type { NotYet, Risk, Scope, Snippet } from "./annotation.ts";

type Row = readonly [name: string, risk: Risk];
type Guard = (text: string) => boolean;

const always: Guard = () => true;
const never: Guard = () => false;
const unlessOff: Guard = (text) => text !== "off";
/** Anything but a clear "no" asks for protection. */
const unlessFalse: Guard = (text) => !["0", "f", "F", "FALSE", "false", "False"].includes(text);

export const notYetAnnotations: readonly NotYet[] = [
  // Keep requests out.
  ...group("authentication", "location", always, [
    ["auth-type", "Low"], ["auth-secret", "Medium"], ["auth-secret-type", "Low"], ["auth-realm", "Medium"],
    ["satisfy", "Low"], ["auth-url", "High"], ["auth-method", "Low"], ["auth-signin", "High"],
    ["auth-signin-redirect-param", "Medium"], ["auth-cache-key", "Medium"], ["auth-keepalive", "Low"],
    ["auth-keepalive-share-vars", "Low"], ["auth-keepalive-requests", "Low"], ["auth-keepalive-timeout", "Low"],
    ["auth-cache-duration", "Medium"], ["auth-response-headers", "Medium"], ["auth-proxy-set-headers", "Medium"],
    ["auth-request-redirect", "Medium"], ["auth-always-set-cookie", "Low"],
  ]),
  ...group("authentication", "host", always, [
    ["auth-tls-secret", "Medium"], ["auth-tls-verify-client", "Medium"], ["auth-tls-verify-depth", "Low"],
    ["auth-tls-error-page", "High"], ["auth-tls-pass-certificate-to-upstream", "Low"], ["auth-tls-match-cn", "High"],
  ]),
  ...group("acl", "location", always, [["denylist-source-range", "Medium"]]),
  ...aliased("acl", "allowlist-source-range", "whitelist-source-range", "Medium"),
  ...group("rate-limit", "location", always, [
    ["limit-rate", "Low"], ["limit-rate-after", "Low"], ["limit-rpm", "Low"], ["limit-rps", "Low"],
    ["limit-connections", "Low"], ["limit-burst-multiplier", "Low"],
  ]),
  ...aliased("rate-limit", "limit-allowlist", "limit-whitelist", "Low"),
  ...group("modsecurity", "location", unlessFalse, [["enable-modsecurity", "Low"], ["enable-owasp-core-rules", "Low"]]),
  ...group("proxy", "location", unlessOff, [["proxy-ssl-verify", "Low"]]),

  // Change how requests are served.
  ...group("alias", "host", never, [["server-alias", "High"]]),
  ...group("passthrough", "host", never, [["ssl-passthrough", "Low"]]),
  ...group("backend", "host", never, [["ssl-ciphers", "Low"], ["ssl-prefer-server-ciphers", "Low"]]),
  ...group("authentication", "location", never, [["enable-global-auth", "Low"]]),
  ...group("proxy", "location", never, [
    ["proxy-ssl-secret", "Medium"], ["proxy-ssl-ciphers", "Medium"], ["proxy-ssl-protocols", "Low"],
    ["proxy-ssl-name", "High"], ["proxy-ssl-verify-depth", "Low"], ["proxy-ssl-server-name", "Low"],
  ]),
  ...group("backend", "pool", never, [
    ["service-upstream", "Low"], ["load-balance", "Low"], ["upstream-hash-by", "High"],
    ["upstream-hash-by-subset", "Low"], ["upstream-hash-by-subset-size", "Low"],
  ]),
  ...group("backend", "location", never, [
    ["backend-protocol", "Low"], ["proxy-busy-buffers-size", "Low"],
    ["proxy-max-temp-file-size", "Low"], ["client-body-buffer-size", "Low"],
  ]),
  ...group("fastcgi", "location", never, [["fastcgi-index", "Medium"], ["fastcgi-params-configmap", "Medium"]]),
  ...group("http2", "location", never, [["http2-push-preload", "Low"]]),
  ...group("affinity", "pool", never, [
    ["affinity", "Low"], ["affinity-mode", "Medium"], ["affinity-canary-behavior", "Low"],
    ["session-cookie-name", "Medium"], ["session-cookie-secure", "Low"], ["session-cookie-expires", "Medium"],
    ["session-cookie-max-age", "Medium"], ["session-cookie-path", "Medium"], ["session-cookie-domain", "Medium"],
    ["session-cookie-samesite", "Low"], ["session-cookie-conditional-samesite-none", "Low"],
    ["session-cookie-change-on-failure", "Low"],
  ]),
  ...group("redirect", "host", never, [["from-to-www-redirect", "Low"]]),
  ...group("redirect", "location", never, [
    ["temporal-redirect", "Medium"], ["temporal-redirect-code", "Low"], ["permanent-redirect", "Medium"],
    ["permanent-redirect-code", "Low"], ["relative-redirects", "Low"], ["use-port-in-redirects", "Low"],
  ]),
  ...group("rewrite", "location", never, [["rewrite-target", "Medium"]]),
  ...group("rewrite", "host", never, [["use-regex", "Low"], ["app-root", "Medium"]]),
  ...group("mirror", "location", never, [["mirror-target", "High"], ["mirror-request-body", "Low"], ["mirror-host", "High"]]),
  ...group("modsecurity", "location", never, [["modsecurity-transaction-id", "High"]]),
  ...group("opentelemetry", "location", never, [
    ["enable-opentelemetry", "Low"], ["opentelemetry-trust-incoming-span", "Low"],
    ["opentelemetry-operation-name", "Medium"],
  ]),
];

/** Text for nginx's configuration: never let in (ingress-nginx refuses these Ingresses by default, too). */
export const snippetAnnotations: readonly Snippet[] = [
  { status: "snippet", name: "auth-snippet", group: "authentication", risk: "Critical", scope: "location" },
  { status: "snippet", name: "modsecurity-snippet", group: "modsecurity", risk: "Critical", scope: "location" },
  { status: "snippet", name: "configuration-snippet", group: "snippets", risk: "Critical", scope: "location" },
  { status: "snippet", name: "server-snippet", group: "snippets", risk: "Critical", scope: "host" },
  { status: "snippet", name: "stream-snippet", group: "snippets", risk: "Critical", scope: "global" },
];

function group(name: string, scope: Scope, guardsAccess: Guard, rows: readonly Row[]): readonly NotYet[] {
  return rows.map(([annotation, risk]) => ({ status: "not-yet", name: annotation, group: name, risk, scope, guardsAccess }));
}

function aliased(name: string, annotation: string, alias: string, risk: Risk): readonly NotYet[] {
  return group(name, "location", always, [[annotation, risk]]).map((row) => ({ ...row, aliases: [alias] }));
}
