/**
 * The table of translations: nginx directive → the annotation (or key of the controller's ConfigMap) that does the same.
 *
 * An entry answers undefined where its arguments ask for more than the annotation can.
 */
import type { Statement } from "../shapes/snippet.ts";

type Args = readonly string[];
type Rule = (args: Args) => string | undefined;

const CLOSED = 'denylist-source-range: "0.0.0.0/0,::/0"';
const NOTHING = "nothing: it is so anyway";
const quote = (text: string): string => JSON.stringify(text);
const same = (annotation: string): Rule => (args) => (args.length > 0 ? `${annotation}: ${quote(args.join(" "))}` : undefined);
const key = (name: string): Rule => () => `the ConfigMap key ${name}`;
const says = (what: string): Rule => () => what;
const flag = (annotation: string): Rule => ([value]) => `${annotation}: ${quote(value === "on" ? "true" : "false")}`;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** nginx's `90`, `90s`, `5m` as the seconds that the annotations take. */
function seconds(annotation: string): Rule {
  return ([value = ""]) => {
    const [, digits, unit = "s"] = /^([0-9]+)([smhd]?)$/.exec(value) ?? [];
    return digits === undefined ? undefined : `${annotation}: ${quote(String(Number(digits) * (SECONDS[unit || "s"] ?? 1)))}`;
  };
}

/** nginx's bytes per second; the annotation counts kilobytes. */
function kilobytes(annotation: string): Rule {
  return ([value = ""]) => {
    const [, digits, unit = ""] = /^([0-9]+)([km]?)$/i.exec(value) ?? [];
    if (digits === undefined) return undefined;
    const factor = unit === "" ? 1 / 1024 : unit.toLowerCase() === "m" ? 1024 : 1;
    return `${annotation}: ${quote(String(Math.ceil(Number(digits) * factor)))}`;
  };
}

const CORS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "cors-allow-origin",
  "access-control-allow-methods": "cors-allow-methods",
  "access-control-allow-headers": "cors-allow-headers",
  "access-control-allow-credentials": "cors-allow-credentials",
  "access-control-expose-headers": "cors-expose-headers",
  "access-control-max-age": "cors-max-age",
};

/** What sets a header of the answer. */
function responseHeader(name: string, value: string): string | undefined {
  const cors = CORS[name.toLowerCase()];
  if (cors) return value.includes("$") ? `enable-cors: "true" with ${cors}` : `enable-cors: "true" with ${cors}: ${quote(value)}`;
  if (name.toLowerCase() === "strict-transport-security") return "the ConfigMap keys hsts, hsts-max-age, hsts-include-subdomains, hsts-preload";
  if (value.includes("$")) return "the ConfigMap key add-headers (for every host)";
  return `custom-headers, naming a ConfigMap with ${name}: ${quote(value)}`;
}

/** Headers that every backend gets anyway. */
const ALWAYS_SENT = /^(?:upgrade|x-real-ip|x-forwarded-(?:for|host|port|proto|scheme)|x-scheme|x-request-id|x-original-forwarded-for)$/i;

/** What sets a header of the request that goes to the backend. */
function requestHeader([name = "", value = ""]: Args): string | undefined {
  switch (name.toLowerCase()) {
    case "host":
      return value === "$host" || value === "$http_host" ? NOTHING : value.includes("$") ? undefined : `upstream-vhost: ${quote(value)}`;
    case "x-forwarded-prefix":
      return value.includes("$") ? undefined : `x-forwarded-prefix: ${quote(value)}`;
    case "connection":
      return /upgrade/i.test(value) ? NOTHING : `connection-proxy-header: ${quote(value === "" ? "close" : value)}`;
    case "l5d-dst-override":
      return 'service-upstream: "true"';
    case "x-original-uri":
      return "the ConfigMap key proxy-add-original-uri-header";
  }
  return ALWAYS_SENT.test(name) ? NOTHING : "the ConfigMap key proxy-set-headers (for every backend)";
}

/** Arguments `"Name: value"` of headers-more. Undefined: there are options, or a header without translation. */
function moreHeaders(args: Args): string | undefined {
  if (args.some((arg) => arg.startsWith("-"))) return undefined;
  const answers = args.map((arg) => {
    const colon = arg.indexOf(":");
    return colon < 0 ? undefined : responseHeader(arg.slice(0, colon).trim(), arg.slice(colon + 1).trim());
  });
  return answers.length > 0 && answers.every((one) => one !== undefined) ? answers.join(", ") : undefined;
}

/** What a URL holds that keeps the request's path: `https://new.example$request_uri`. */
const KEEPS_PATH = /\$(?:request_uri|uri|1)/;

function returns(args: Args): string | undefined {
  const [code = "", target = ""] = args.length === 1 && /^https?:/.test(args[0] ?? "") ? ["302", args[0]] : args;
  if (["301", "302", "303", "307", "308"].includes(code)) return redirects(Number(code), target);
  if (code === "403") return CLOSED;
  return undefined;
}

function redirects(code: number, target: string): string | undefined {
  if (/^https:\/\/\$(?:host|http_host|server_name)\$(?:request_uri|uri)/.test(target)) return 'force-ssl-redirect: "true"';
  if (target.includes("$") || target === "") return undefined;
  const permanent = code === 301 || code === 308;
  const annotation = permanent ? "permanent-redirect" : "temporal-redirect";
  const usual = permanent ? 301 : 302;
  return `${annotation}: ${quote(target)}${code === usual ? "" : ` with ${annotation}-code: "${code}"`}`;
}

function rewrites([pattern = "", target = "", how = ""]: Args): string | undefined {
  const moves = how === "redirect" || how === "permanent" || /^https?:/.test(target);
  if (!moves) return `rewrite-target: ${quote(target)} with use-regex: "true" and the path ${quote(pattern.replace(/^\^/, "").replace(/\$$/, ""))}`;
  if (pattern === "^/$" && target.startsWith("/")) return `app-root: ${quote(target)}`;
  if (target.endsWith("$1/") || target === `${pattern.replace(/[\^()$]/g, "")}/`) return "nothing: a Prefix path that ends in / redirects to it";
  if (KEEPS_PATH.test(target)) return undefined;
  const annotation = how === "permanent" ? "permanent-redirect" : "temporal-redirect";
  return target.includes("$") ? undefined : `${annotation}: ${quote(target)} on an Ingress for this path`;
}

function cookiePath(args: Args): string | undefined {
  return args.length === 2 ? `proxy-cookie-path: ${quote(args.join(" "))}` : args[0] === "off" ? 'proxy-cookie-path: "off"' : undefined;
}

export const DIRECTIVES: Readonly<Record<string, Rule | undefined>> = {
  // answers
  add_header: ([name = "", value = ""]) => responseHeader(name, value),
  more_set_headers: moreHeaders,
  expires: ([value = ""]) =>
    value === "off" ? NOTHING : value === "-1" || value === "epoch" ? 'custom-headers, naming a ConfigMap with Cache-Control: "no-cache"' : undefined,
  return: returns,
  rewrite: rewrites,
  proxy_hide_header: key("hide-headers"),
  proxy_pass_header: ([name = ""]) => (name.toLowerCase() === "server" ? "the ConfigMap key allow-backend-server-header" : undefined),
  server_tokens: key("server-tokens"),
  proxy_cookie_path: cookiePath,
  proxy_cookie_domain: (args) => (args.length <= 2 ? same("proxy-cookie-domain")(args) : undefined),
  proxy_cookie_flags: ([cookie = "", ...flags]) =>
    cookie === "~" || cookie.startsWith("~") ? `proxy-cookie-path: ${quote(`/ "/; ${flags.join("; ")}"`)}` : undefined,
  proxy_redirect: ([from = "", to]) =>
    from === "off" ? NOTHING : `proxy-redirect-from: ${quote(from)}${to === undefined ? "" : ` with proxy-redirect-to: ${quote(to)}`}`,
  error_page: (args) => `custom-http-errors: ${quote(args.filter((one) => /^[0-9]{3}$/.test(one)).join(","))} with default-backend`,
  proxy_intercept_errors: ([value]) => (value === "on" ? "custom-http-errors" : 'disable-proxy-intercept-errors: "true"'),
  absolute_redirect: ([value]) => `relative-redirects: ${quote(value === "off" ? "true" : "false")}`,
  port_in_redirect: flag("use-port-in-redirects"),
  gzip: key("use-gzip"),
  gzip_types: key("gzip-types"),
  gzip_min_length: key("gzip-min-length"),
  gzip_comp_level: key("gzip-level"),
  // requests
  proxy_set_header: requestHeader,
  grpc_set_header: requestHeader,
  more_set_input_headers: (args) => {
    const [name = "", value = ""] = (args.at(-1) ?? "").split(/:\s*/, 2);
    return args.length === 1 ? requestHeader([name, value]) : undefined;
  },
  client_max_body_size: same("proxy-body-size"),
  client_body_buffer_size: same("client-body-buffer-size"),
  client_body_timeout: key("client-body-timeout"),
  client_header_timeout: key("client-header-timeout"),
  client_header_buffer_size: key("client-header-buffer-size"),
  large_client_header_buffers: key("large-client-header-buffers"),
  keepalive_timeout: key("keep-alive"),
  keepalive_requests: key("keep-alive-requests"),
  underscores_in_headers: key("enable-underscores-in-headers"),
  ignore_invalid_headers: key("ignore-invalid-headers"),
  real_ip_header: key("forwarded-for-header with enable-real-ip"),
  set_real_ip_from: key("proxy-real-ip-cidr"),
  // proxying
  proxy_connect_timeout: seconds("proxy-connect-timeout"),
  proxy_send_timeout: seconds("proxy-send-timeout"),
  proxy_read_timeout: seconds("proxy-read-timeout"),
  grpc_connect_timeout: seconds("proxy-connect-timeout"),
  grpc_send_timeout: seconds("proxy-send-timeout"),
  grpc_read_timeout: seconds("proxy-read-timeout"),
  proxy_buffering: same("proxy-buffering"),
  proxy_request_buffering: same("proxy-request-buffering"),
  proxy_buffer_size: same("proxy-buffer-size"),
  proxy_buffers: ([number = "", size = ""]) => `proxy-buffers-number: ${quote(number)} with proxy-buffer-size: ${quote(size)}`,
  proxy_busy_buffers_size: same("proxy-busy-buffers-size"),
  proxy_max_temp_file_size: same("proxy-max-temp-file-size"),
  proxy_http_version: same("proxy-http-version"),
  proxy_next_upstream: same("proxy-next-upstream"),
  proxy_next_upstream_timeout: seconds("proxy-next-upstream-timeout"),
  proxy_next_upstream_tries: same("proxy-next-upstream-tries"),
  proxy_ssl_name: same("proxy-ssl-name"),
  proxy_ssl_server_name: same("proxy-ssl-server-name"),
  proxy_ssl_verify: same("proxy-ssl-verify"),
  proxy_ssl_verify_depth: same("proxy-ssl-verify-depth"),
  proxy_ssl_protocols: same("proxy-ssl-protocols"),
  proxy_ssl_ciphers: same("proxy-ssl-ciphers"),
  proxy_ssl_certificate: says("proxy-ssl-secret"),
  proxy_ssl_certificate_key: says("proxy-ssl-secret"),
  proxy_ssl_trusted_certificate: says("proxy-ssl-secret"),
  proxy_pass: says("the backend of the path: an ExternalName Service for another host, backend-protocol for https or grpc"),
  grpc_pass: says('backend-protocol: "GRPC"'),
  fastcgi_pass: says('backend-protocol: "FCGI"'),
  fastcgi_index: same("fastcgi-index"),
  fastcgi_param: says("fastcgi-params-configmap"),
  mirror: says("mirror-target"),
  mirror_request_body: same("mirror-request-body"),
  // access
  auth_basic: ([realm = ""]) => (realm === "off" ? NOTHING : `auth-type: "basic" with auth-realm: ${quote(realm)}`),
  auth_basic_user_file: says("auth-secret, naming a Secret with the file under its key auth"),
  auth_request: says("auth-url"),
  auth_request_set: says("auth-response-headers"),
  satisfy: same("satisfy"),
  limit_req: says("limit-rps or limit-rpm"),
  limit_conn: says("limit-connections"),
  limit_rate: kilobytes("limit-rate"),
  limit_rate_after: kilobytes("limit-rate-after"),
  modsecurity: flag("enable-modsecurity"),
  ssl_verify_client: same("auth-tls-verify-client"),
  ssl_client_certificate: says("auth-tls-secret"),
  // hosts
  server_name: (args) => `server-alias: ${quote(args.join(","))}`,
  ssl_ciphers: same("ssl-ciphers"),
  ssl_prefer_server_ciphers: flag("ssl-prefer-server-ciphers"),
  ssl_protocols: key("ssl-protocols"),
  // logs and traces
  access_log: ([value]) => (value === "off" ? 'enable-access-log: "false"' : undefined),
  rewrite_log: flag("enable-rewrite-log"),
  opentelemetry: flag("enable-opentelemetry"),
  opentelemetry_operation_name: same("opentelemetry-operation-name"),
  opentelemetry_trust_incoming_spans: flag("opentelemetry-trust-incoming-span"),
};

type BlockRule = (args: Args, children: readonly Statement[]) => string | undefined;

export const BLOCKS: Readonly<Record<string, BlockRule | undefined>> = {
  if: condition,
  location: (args, children) => ownPath(args.at(-1) ?? "/", children),
  limit_except: () => undefined,
};

/** What a location, or a condition on the path, does: a path of its own with the annotation for that. */
function ownPath(path: string, children: readonly Statement[]): string {
  const plain = path.replace(/^\^?~?\s*|\$$/g, "").replace(/^\^/, "");
  const where = `a path ${quote(plain)} of its own in an Ingress`;
  const first = children.find(({ name }) => name === "return" || name === "deny");
  if (first?.name === "deny" && first.args[0] === "all") return `${where} with ${CLOSED}`;
  const does = first?.name === "return" ? returns(first.args) : undefined;
  return does === undefined ? where : `${where} with ${does}`;
}

function condition(args: Args, children: readonly Statement[]): string | undefined {
  const { left, operator, wanted } = readCondition(args);
  const first = children[0];
  const only = children.length === 1 ? first : undefined;
  if (/^\$(?:http_x_forwarded_proto|scheme|pass_access_scheme)$/.test(left) && (operator === "=" ? wanted === "http" : operator === "!=" && wanted === "https") && only) {
    return only.name === "return" || only.name === "rewrite" ? 'force-ssl-redirect: "true"' : undefined;
  }
  if (left === "$request_method" && /OPTIONS/.test(wanted) && operator !== "!=") return 'enable-cors: "true" (it answers the preflight)';
  if (left === "$http_user_agent" && only?.name === "return" && only.args[0] === "403") return "the ConfigMap key block-user-agents";
  if (left === "$http_referer" && only?.name === "return" && only.args[0] === "403") return "the ConfigMap key block-referers";
  if (left === "$host" && operator === "=" && only?.name === "return" && /\$(?:request_uri|uri)/.test(only.args[1] ?? "")) {
    return 'from-to-www-redirect: "true", or an Ingress for this host with permanent-redirect';
  }
  if (/^\$(?:request_uri|uri|document_uri)$/.test(left) && only?.name === "return") return ownPath(wanted, children);
  return undefined;
}

/** Advice for a condition that chooses requests by what they bring: the directives under it belong to an Ingress for those requests. */
export function selection(args: Args): string | undefined {
  const { left, operator } = readCondition(args);
  const byRequest = /^\$(?:http_|cookie_|arg_|request_method$)/.test(left) && /^!?[=~]/.test(operator);
  return byRequest ? "an Ingress of its own with sluice.ingress/match" : undefined;
}

function readCondition(args: Args): { readonly left: string; readonly operator: string; readonly wanted: string } {
  const [left = "", operator = "", ...right] = args.join(" ").replace(/^\(\s*|\s*\)$/g, "").split(/\s+/);
  return { left, operator, wanted: right.join(" ") };
}
