/** What each reason of an answer means, and what to do: for the guide, and for whoever is on call. */
import type { Reason } from "../../edge/src/reasons.ts";

export interface AnswerRow {
  /** Statuses that clients see for this reason, unless others are configured. */
  readonly status: string;
  readonly means: string;
  /** What to look at, or what to do. */
  readonly look: string;
}

const AS_WRITTEN = "Nothing: the objects ask for it.";

export const ANSWERS: { readonly [R in Reason]: AnswerRow } = {
  "no-route": { status: "404", means: "No Ingress declares the host or the path, and there is no default backend with endpoints.",
    look: "`sluice explain URL` names a host that is spelled nearly so, and the findings about what it read. Is the Ingress of our class? Does the client send the Host that you think?" },
  "no-endpoints": { status: "503", means: "The route is there, and its Service has no ready endpoint.",
    look: "`kubectl get endpointslices -l kubernetes.io/service-name=NAME`: readiness probes, the Service's selector, the port's name. The finding says which of these it is." },
  "no-backend": { status: "500", means: "The rule of a Gateway's route has no backend that can be used, or cannot be honoured, or its weights are all 0.",
    look: "The conditions `ResolvedRefs` and `Accepted` of the route, and the findings: they name the field." },
  misconfigured: { status: "503, 403", means: "An annotation that guards access cannot be honoured, or the Ingress is refused: nobody gets in until it is mended.",
    look: "`/api/v1/findings`, the controller's log, or `sluice explain URL`: an error that names the annotation." },
  "not-programmed": { status: "503", means: "This worker has no program yet: nginx has just started and its controller has not.", look: "`/readyz` of the health port says what is waited for." },
  "health-check": { status: "200", means: "The path of `--health-check-path` on a host that nobody declared.", look: "Nothing: a load balancer asks. The access log leaves it out." },
  "redirect-https": { status: "308", means: "http, and the host has a certificate or the Ingress forces https.",
    look: "For a loop behind a proxy that ends TLS: `use-forwarded-headers`, or `ssl-redirect: \"false\"`." },
  "redirect-slash": { status: "301", means: "The Prefix or Exact path `/foo/` is asked for as `/foo`.", look: "`prefix-slash-redirect: \"false\"` serves the Prefix path instead, and leaves the Exact one alone." },
  "redirect-name": { status: "308", means: "Another name of the host: `from-to-www-redirect`.", look: AS_WRITTEN },
  "redirect-annotation": { status: "301, 302", means: "`permanent-redirect`, `temporal-redirect`, or a `rewrite-target` that is a URL.", look: AS_WRITTEN },
  "redirect-app-root": { status: "302", means: "`/` of a host with `app-root`.", look: AS_WRITTEN },
  "redirect-sign-in": { status: "302", means: "The external authentication service answered 401, and there is an `auth-signin`.", look: "If it loops: the cookie's domain, and what the service logs." },
  "redirect-certificate": { status: "302", means: "The client's certificate is missing or not valid, and there is an `auth-tls-error-page`.", look: "As `denied-by-certificate`." },
  "redirect-rule": { status: "301, 302, …", means: "A rule of a route has a `RequestRedirect`.", look: AS_WRITTEN },
  preflight: { status: "204", means: "OPTIONS from an origin that `cors-allow-origin` allows, or a preflight to a rule of a route with `CORS`.", look: AS_WRITTEN },
  "denied-by-network": { status: "403", means: "The client's address is in a denied network, or in none that is allowed.",
    look: "`$remote_addr` in the log. If it is a proxy's: `use-forwarded-headers` with `proxy-real-ip-cidr`, `use-proxy-protocol`, or `externalTrafficPolicy: Local`." },
  "denied-by-blocklist": { status: "403", means: "`block-cidrs`, `block-user-agents` or `block-referers` of the ConfigMap.", look: "Which of them: `$remote_addr`, `$http_user_agent`, `$http_referer` in the log." },
  "denied-by-password": { status: "401", means: "`auth-type`: no user and password, or the wrong ones.", look: "The users in the Secret; the first 401 of a browser is normal." },
  "denied-by-external-auth": { status: "401, 403", means: "The service of `auth-url` says no.", look: "Its own log: it was asked and has answered." },
  "denied-by-certificate": { status: "400, 403", means: "The client shows no certificate, one that nobody trusted has signed, one that is revoked, or another name than `auth-tls-match-cn`.", look: "The CA in `auth-tls-secret`, and its `ca.crl`." },
  "denied-by-nginx": { status: "403, 404, …", means: "ModSecurity, or a snippet of the Ingress.", look: "The error log: ModSecurity writes the rule there." },
  misdirected: { status: "421", means: "The connection was made for another host, whose rules for client certificates are others.", look: "Nothing: clients open a connection of their own then." },
  "passwords-unavailable": { status: "503", means: "A password cannot be checked: the worker has no users (it started while the controller was away), or is busy hashing.", look: "Is the controller up? Is the runtime folder in memory? Somebody may be guessing passwords." },
  "external-auth-unavailable": { status: "500, 503", means: "The service of `auth-url` cannot be reached, gives no usable answer, or has no address.", look: "The error log has the endpoint and the problem; the findings say when its name does not resolve." },
  "rate-limited": { status: "503", means: "Over `limit-rps` or `limit-rpm`.", look: "`limit-req-status-code: \"429\"` tells it apart from a failure." },
  "connections-limited": { status: "503", means: "Over `limit-connections`.", look: "`limit-conn-status-code`." },
  "body-too-large": { status: "413", means: "Over `proxy-body-size`.", look: "The annotation, or the ConfigMap key." },
  "bad-request": { status: "400, 405, 414, 431", means: "What came is no request, its head is too large, or its host is written with characters that no host name has.", look: "`client-header-buffer-size`, `large-client-header-buffers`; plain http on the https port." },
  "path-too-hard": { status: "500", means: "A regular expression gave up on this path.", look: "Simplify the pattern of the Ingress." },
  "rewrite-unsafe": { status: "400, 500", means: "`rewrite-target` would make a path with a segment `.` or `..` of it, or gave up.", look: "The capture groups of the path." },
  "unknown-server-name": { status: "none", means: "`ssl-reject-handshake`: the handshake is for a name that no Ingress declares, and was ended.", look: "Nothing: mostly scanners." },
  "upstream-unreachable": { status: "502", means: "No endpoint that was tried took the connection, or each broke it off before an answer.",
    look: "`$upstream_addr` in the log and the error log; network policies; pods that end without a preStop pause; an idle timeout of theirs that is shorter than `upstream-keepalive-timeout`." },
  "upstream-timeout": { status: "504", means: "No answer within `proxy-connect-timeout` or `proxy-read-timeout`.", look: "`$upstream_connect_time` and `$upstream_addr`: no connection (network), or a slow answer (the backend)." },
  "client-closed": { status: "499", means: "The client went away before there was an answer.", look: "`$request_time`: is it always the same? Then it is a timeout of the client, or of a proxy before Sluice." },
  "client-timeout": { status: "408", means: "The client did not send its request in time.", look: "`client-header-timeout`, `client-body-timeout`." },
  "internal-error": { status: "500", means: "Something went wrong in Sluice or nginx.", look: "The error log. Please report it." },
};
