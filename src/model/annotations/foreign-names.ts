/** What annotations of other Ingress controllers are called here. Source: the annotation references in those controllers' documentation. */

const HTTPS_BACKEND = 'backend-protocol: "HTTPS"';
const STICKY = 'affinity: "cookie"';
const BY_ITSELF = "nothing: it is done without asking";

/** Name, without what stands before its slash → annotations of ours, with their values. */
const NAMES: Readonly<Record<string, string>> = {
  // NGINX Ingress Controller (F5)
  "rewrites": "rewrite-target",
  "redirect-to-https": "force-ssl-redirect",
  "ssl-services": HTTPS_BACKEND,
  "grpc-services": 'backend-protocol: "GRPC"',
  "websocket-services": BY_ITSELF,
  "mergeable-ingress-type": BY_ITSELF,
  "lb-method": "load-balance",
  "path-regex": "use-regex",
  "basic-auth-secret": "auth-type with auth-secret",
  "basic-auth-realm": "auth-realm",
  "limit-req-rate": "limit-rps",
  "sticky-cookie-services": STICKY,
  "location-snippets": "configuration-snippet",
  "server-snippets": "server-snippet",
  // HAProxy's
  "path-rewrite": "rewrite-target",
  "request-redirect": "permanent-redirect",
  "cookie-persistence": STICKY,
  "allow-list": "allowlist-source-range",
  "deny-list": "denylist-source-range",
  "whitelist": "allowlist-source-range",
  "blacklist": "denylist-source-range",
  "rate-limit-requests": "limit-rps",
  "cors-enable": "enable-cors",
  "server-ssl": HTTPS_BACKEND,
  "timeout-connect": "proxy-connect-timeout",
  "timeout-server": "proxy-read-timeout",
  "set-host": "upstream-vhost",
  // Traefik
  "router.middlewares": "what each Middleware does as an annotation of its own: rewrite-target (StripPrefix, ReplacePath), force-ssl-redirect, auth-type, auth-url, limit-rps, allowlist-source-range, custom-headers",
  "router.entrypoints": "nothing: http and https are served, and force-ssl-redirect leaves https alone",
  "router.tls": "spec.tls",
  "service.sticky.cookie": STICKY,
  "service.serversscheme": "backend-protocol",
  "service.passhostheader": "upstream-vhost, where the backend shall see another host",
  "rule-type": "use-regex with rewrite-target",
  "redirect-entry-point": "force-ssl-redirect",
  // cloud load balancers
  "certificate-arn": "spec.tls with a Secret",
  "inbound-cidrs": "allowlist-source-range",
  "backend-path-prefix": "rewrite-target",
  "backend-hostname": "upstream-vhost",
  "request-timeout": "proxy-read-timeout",
  "cookie-based-affinity": STICKY,
  "ingress.allow-http": "force-ssl-redirect",
  // Kong
  "strip-path": "use-regex with rewrite-target",
  "protocols": "force-ssl-redirect, where http is to be left out",
  "host-header": "upstream-vhost",
};

/** What does here the same as an annotation of another controller; undefined: it is not in the list. */
export function namedHere(name: string): string | undefined {
  return Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}
