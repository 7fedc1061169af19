/**
 * Translates directives of nginx's proxy module into those of its gRPC and FastCGI modules. A directive that has no
 * counterpart there is left out.
 */
import type { Argument, Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";

/** gRPC is HTTP/2, where these headers do not exist (RFC 9113, 8.2.2): nginx's own defaults stay. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set(["upgrade", "connection"]);

const GRPC = new Set([
  "hide_header", "pass_header", "ignore_headers", "connect_timeout", "send_timeout", "read_timeout", "buffer_size",
  "next_upstream", "next_upstream_timeout", "next_upstream_tries", "intercept_errors", "ssl_session_reuse", "ssl_protocols",
  "ssl_ciphers", "ssl_name", "ssl_server_name", "ssl_certificate", "ssl_certificate_key", "ssl_verify", "ssl_verify_depth",
  "ssl_trusted_certificate",
]);

const FASTCGI = new Set([
  "hide_header", "pass_header", "ignore_headers", "connect_timeout", "send_timeout", "read_timeout", "buffering",
  "request_buffering", "buffer_size", "buffers", "busy_buffers_size", "max_temp_file_size", "next_upstream",
  "next_upstream_timeout", "next_upstream_tries", "intercept_errors",
]);

/** Conditions that `fastcgi_next_upstream` does not know. */
const NOT_OF_FASTCGI: ReadonlySet<Argument> = new Set(["http_502", "http_504"]);

export function forGrpc(directives: readonly Directive[]): Directive[] {
  return directives.flatMap((one) => {
    const suffix = suffixOf(one);
    if (suffix === undefined) return [one];
    if (suffix === "set_header") return isOfConnection(one) ? [] : [{ ...one, name: "grpc_set_header" }];
    return GRPC.has(suffix) ? [{ ...one, name: `grpc_${suffix}` }] : [];
  });
}

/** Headers become the parameters that a web server makes of them. @param params names that the Ingress sets itself. */
export function forFastcgi(directives: readonly Directive[], params: readonly string[]): Directive[] {
  const own = new Set(params);
  const usual = (name: string): boolean => !own.has(name);
  const others = directives.flatMap((one) => {
    const suffix = suffixOf(one);
    if (suffix === undefined) return [one];
    if (suffix === "set_header") return isOfConnection(one) ? [] : headerParam(one).filter(({ args: [name] }) => usual(String(name)));
    if (suffix === "next_upstream") return [nextUpstream(one)];
    return FASTCGI.has(suffix) ? [{ ...one, name: `fastcgi_${suffix}` }] : [];
  });
  return [
    ...USUAL_PARAMS.filter(([name]) => usual(name)).map(([name, value, ...more]) => directive("fastcgi_param", name, expression(value), ...more)),
    ...params.map((name, index) => directive("fastcgi_param", name, expression(`$sluice_param_${index}`))),
    ...others,
  ];
}

/** What follows `proxy_`; undefined for directives of other modules. */
function suffixOf({ name }: Directive): string | undefined {
  return name.startsWith("proxy_") ? name.slice("proxy_".length) : undefined;
}

function isOfConnection({ args: [header] }: Directive): boolean {
  return OF_CONNECTIONS.has(String(header).toLowerCase());
}

/** As a parameter, a header that Sluice sets takes the place of the client's; an empty one hides the client's. */
function headerParam({ args: [header = "", value = ""] }: Directive): Directive[] {
  const name = `HTTP_${String(header).toUpperCase().replaceAll("-", "_")}`;
  return [directive("fastcgi_param", name, value, "if_not_empty")];
}

function nextUpstream({ args }: Directive): Directive {
  const known = args.filter((condition) => !NOT_OF_FASTCGI.has(condition));
  return directive("fastcgi_next_upstream", ...(known.length > 0 ? known : ["off"]));
}

/** nginx's own list (fastcgi_params), with the host in place of the server block's name. */
const USUAL_PARAMS: readonly (readonly [name: string, value: string, ...more: string[]])[] = [
  ["QUERY_STRING", "$query_string"],
  ["REQUEST_METHOD", "$request_method"],
  ["CONTENT_TYPE", "$content_type"],
  ["CONTENT_LENGTH", "$content_length"],
  ["SCRIPT_NAME", "$sluice_script"],
  ["REQUEST_URI", "$request_uri"],
  ["DOCUMENT_URI", "$document_uri"],
  ["DOCUMENT_ROOT", "$document_root"],
  ["SERVER_PROTOCOL", "$server_protocol"],
  ["REQUEST_SCHEME", "$scheme"],
  ["HTTPS", "$https", "if_not_empty"],
  ["GATEWAY_INTERFACE", "CGI/1.1"],
  ["SERVER_SOFTWARE", "nginx/$nginx_version"],
  ["REMOTE_ADDR", "$remote_addr"],
  ["REMOTE_PORT", "$remote_port"],
  ["REMOTE_USER", "$remote_user"],
  ["SERVER_ADDR", "$server_addr"],
  ["SERVER_PORT", "$server_port"],
  ["SERVER_NAME", "$host"],
  ["REDIRECT_STATUS", "200"],
];
