/**
 * The configuration of the nginx below http: TCP and UDP listeners, and the https port where TLS is passed through.
 *
 * It holds no endpoint and no host name: each connection looks its endpoint up when it comes (edge/stream/endpoint.ts),
 * so only a listener that is new, gone or changed costs a reload, and the nginx of http is not touched.
 */
import type { Config } from "../model/config/config.ts";
import type { Listener } from "../model/shapes/listener.ts";
import type { Settings } from "../settings.ts";
import { digestOf } from "../support/digest.ts";
import type { Directive } from "./directive.ts";
import { block, directive, expression, map, print } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import { escaping } from "./logs.ts";
import { bindAddresses, FILES, listen, processDirectives, SOCKETS, type NginxConf } from "./nginx-conf.ts";
import { tlsComesFromSocket } from "./from-socket.ts";

export type { Listener } from "../model/shapes/listener.ts";

export interface StreamInput {
  readonly settings: Settings;
  readonly config: Config;
  readonly facts: EngineFacts;
  /** The listeners whose ports can be had. */
  readonly listeners: readonly Listener[];
}

/** Undefined: nginx lacks the modules for ports below http. */
export function streamConf(input: StreamInput): NginxConf | undefined {
  const { facts } = input;
  if (!facts.stream) return undefined;
  const text = print(tree(input, facts.stream));
  return { text, digest: digestOf(text) };
}

/** Addresses (IPv6 without brackets) on which a listener listens. */
export function addressesOf({ address }: Listener, settings: Settings, config: Config, facts: EngineFacts): string[] {
  if (address !== undefined) return [address];
  return bindAddresses(settings, config.disableIpv6 || !facts.ipv6).map((one) => one.replace(/^\[|\]$/g, ""));
}

function tree(input: StreamInput, modules: readonly string[]): Directive[] {
  const { config, facts } = input;
  return [
    ...modules.map((file) => directive("load_module", file)),
    ...processDirectives(config, facts, FILES.streamPid),
    block("stream", [], stream(input)),
  ];
}

function stream(input: StreamInput): Directive[] {
  const { config, facts, settings, listeners } = input;
  return [
    directive("js_path", facts.edgeDir),
    directive("js_import", "sluice", "from", "stream.js"),
    directive("js_var", expression("$sluice_endpoints"), inRuntime(facts, FILES.endpoints)),
    directive("js_var", expression("$sluice_sockets"), inRuntime(facts, FILES.sockets)),
    directive("js_var", expression("$sluice_failures"), config.proxyStreamNextUpstream ? inRuntime(facts, FILES.failures) : ""),
    directive("js_set", expression("$sluice_endpoint"), "sluice.endpoint"),
    ...logs(config, facts),
    ...failureLog(config),
    directive("proxy_timeout", config.proxyStreamTimeout),
    directive("proxy_connect_timeout", `${config.proxyConnectTimeout}s`),
    directive("proxy_protocol_timeout", config.proxyProtocolHeaderTimeout),
    ...[...listeners].sort(byId).map((listener) => listenerServer(listener, input)),
    ...(tlsComesFromSocket(settings, facts) ? tlsServers(input) : []),
  ];
}

function byId(a: Listener, b: Listener): number {
  return a.id < b.id ? -1 : 1;
}

/** The access log; the file is http's where none is set for connections below http. */
function logs(config: Config, facts: EngineFacts): Directive[] {
  if (config.disableAccessLog || config.disableStreamAccessLog) return config.proxyStreamNextUpstream ? [] : [directive("access_log", "off")];
  const file = config.streamAccessLogPath || config.accessLogPath || facts.accessLog;
  return [
    directive("log_format", "log_stream", ...escaping(config), expression(config.logFormatStream)),
    directive("access_log", file, "log_stream"),
  ];
}

/**
 * In the log phase it is known that an endpoint could not be reached. Evaluating the variable of this "log" lets the
 * script note it; the log itself goes to /dev/null.
 */
function failureLog(config: Config): Directive[] {
  if (!config.proxyStreamNextUpstream) return [];
  return [
    map("status", "sluice_unreached", [["502", "1"], ["default", "0"]]),
    directive("js_set", expression("$sluice_failed"), "sluice.failed"),
    directive("log_format", "sluice_failed", expression("$sluice_failed")),
    directive("access_log", "/dev/null", "sluice_failed", expression("if=$sluice_unreached")),
  ];
}

function listenerServer(listener: Listener, { config, facts, settings }: StreamInput): Directive {
  const { protocol, port, acceptProxy, sendProxy } = listener;
  // For UDP each worker has a socket of its own, so that all datagrams of one client come to one worker.
  const options = [...(protocol === "udp" ? ["udp", "reuseport"] : []), ...(acceptProxy ? ["proxy_protocol"] : [])];
  return block("server", [], [
    ...addressesOf(listener, settings, config, facts).map((address) => listen(address, port, options)),
    directive("set", expression("$sluice_listener"), listener.id),
    ...(acceptProxy ? believed(config) : []),
    directive("js_access", "sluice.admit"),
    ...(protocol === "udp" ? [directive("proxy_responses", config.proxyStreamResponses)] : []),
    ...(sendProxy ? [directive("proxy_protocol", "on")] : []),
    directive("proxy_pass", expression("$sluice_endpoint")),
  ]);
}

/** Proxies in front that are believed about the client's address. */
function believed(config: Config): Directive[] {
  return config.proxyRealIpCidr.map((cidr) => directive("set_real_ip_from", cidr));
}

/**
 * The https port: every connection goes on to the nginx of http or to the server for passthrough below, with the
 * client's address in front (PROXY protocol). The server for passthrough takes the address off again.
 */
function tlsServers({ config, facts, settings }: StreamInput): Directive[] {
  const options = config.useProxyProtocol ? ["proxy_protocol"] : [];
  const addresses = bindAddresses(settings, config.disableIpv6 || !facts.ipv6);
  // Only the ClientHello is read ahead. A client that does not finish it is waited for no longer than http waits for the headers of a request.
  const reading = [directive("ssl_preread", "on"), directive("preread_timeout", `${config.clientHeaderTimeout}s`)];
  return [
    directive("js_set", expression("$sluice_way"), "sluice.way"),
    directive("js_set", expression("$sluice_passthrough"), "sluice.passthrough"),
    block("server", [], [
      ...addresses.map((address) => listen(address.replace(/^\[|\]$/g, ""), settings.httpsPort, options)),
      ...(config.useProxyProtocol ? believed(config) : []),
      ...reading,
      // The server that the connection goes on to logs it.
      directive("access_log", "off"),
      directive("proxy_protocol", "on"),
      directive("proxy_pass", expression("$sluice_way")),
    ]),
    block("server", [], [
      directive("listen", `unix:${inRuntime(facts, SOCKETS.passthrough)}`, "proxy_protocol"),
      directive("set_real_ip_from", "unix:"),
      ...reading,
      directive("proxy_pass", expression("$sluice_passthrough")),
    ]),
    block("server", [], [
      directive("listen", `unix:${inRuntime(facts, SOCKETS.closed)}`, "proxy_protocol"),
      directive("set_real_ip_from", "unix:"),
      directive("return", ""),
    ]),
  ];
}

function inRuntime(facts: EngineFacts, file: string): string {
  return `${facts.runtimeDir}/${file}`;
}
