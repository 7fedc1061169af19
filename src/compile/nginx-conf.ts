/**
 * Makes nginx.conf from the operator's settings, the facts about the machine, and the profiles in use. Of tenants it
 * has profiles alone.
 *
 * One server block answers every name on both ports; the edge decides per request. The text is a pure function of its
 * inputs, so its digest says whether nginx has to be reloaded.
 */
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import type { FrontListen } from "./fronts.ts";
import { copyLocations, copyUpstreams, copyVariables } from "./copies.ts";
import type { Directive } from "./directive.ts";
import { bodyIsData, bodyLocations, LARGE_TWIN } from "./body.ts";
import { block, directive, expression, luaBlock, luaString, print } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import { errorLocations, errorPageDirective } from "./error-pages.ts";
import { measureDirectives, measuredOption } from "./measures.ts";
import { reasonDirectives } from "./reasons.ts";
import { errorLog, logCalls, logDirectives, logLabels, logScores, logsAccess, quietLog } from "./logs.ts";
import type { Profile } from "./profiles.ts";
import { defaultProfile, profileDirectives, withoutErrorPages } from "./profiles.ts";
import { cannotInspect, modsecurityDirectives, modsecurityModule, rulesForAll } from "./modsecurity.ts";
import { digestOf } from "../support/digest.ts";
import { clientAddress, followsBoth, routedHostHeaders, sentVariables, upstreamHeaders, variableMaps } from "./forwarding.ts";
import { brotli, brotliModule, hasHttp2Directive, hashSizes, http2OverTlsAlone, openFiles } from "./machine.ts";
import { comesFromSocket, tlsComesFromSocket } from "./from-socket.ts";
import { handingOn, handsOnHttp2 } from "./plain-http2.ts";
import { snippetDirectives } from "./snippet.ts";
import { tlsDirectives } from "./tls.ts";
import { trustFile } from "./trust.ts";
import { oncePer } from "../support/once-per.ts";
import { mirrorLocations, passDirectives, timeouts, upstreamBlocks, upstreamVariables } from "./upstreams.ts";

export interface NginxConf {
  readonly text: string;
  /** Digest of the whole text without the digest itself. Workers report it. */
  readonly digest: string;
}

export interface ConfInput {
  readonly settings: Settings;
  readonly config: Config;
  readonly facts: EngineFacts;
  /** Profiles by id, without the default profile. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** What is listened for beside the ports of http and https. */
  readonly fronts?: readonly FrontListen[];
}

export const FILES = {
  conf: "nginx.conf",
  pid: "nginx.pid",
  socket: "control.sock",
  program: "program.log",
  keys: "keys.log",
  certificate: "default.crt",
  certificateKey: "default.key",
  temp: "temp",
  streamConf: "stream.conf",
  streamPid: "stream.pid",
  /** Folder of files that say where connections below http go (edge/stream). */
  endpoints: "endpoints",
  /** File of endpoints that connections below http could not be opened to; the workers of the nginx below http write it. */
  failures: "stream-failures",
  /** Folder of the sockets between the two nginx (SOCKETS). */
  sockets: "sockets",
} as const;

export const SOCKETS = {
  /** TLS connections that end in the nginx of http, where the nginx below http has the https port. */
  https: `${FILES.sockets}/https.sock`,
  /** Connections without TLS that begin with HTTP/2, where nginx needs a socket of its own for them. */
  plainHttp2: `${FILES.sockets}/plain-http2.sock`,
  passthrough: `${FILES.sockets}/passthrough.sock`,
  /** Connections that come here are closed. */
  closed: `${FILES.sockets}/closed.sock`,
} as const;

export function nginxConf(input: ConfInput): NginxConf {
  const text = print(tree(input));
  const digest = digestOf(text);
  // There is one place for it, and no text of anybody's that could look like the place.
  return { text: text.replace(DIGEST_HERE, digest), digest };
}

const DIGEST_HERE = "digest-of-this-file";

/** Number of workers, with `auto` resolved, because acknowledgements are counted by worker. */
export function workerCount(config: Config, facts: EngineFacts): number {
  return config.workerProcesses === "auto" ? facts.processors : config.workerProcesses;
}

function tree(input: ConfInput): Directive[] {
  const { config, facts } = input;
  return [
    ...facts.modules.map((file) => directive("load_module", file)),
    ...modsecurityModule(allProfiles(input), config, facts),
    ...brotliModule(config, facts),
    ...processDirectives(config, facts, FILES.pid),
    block("http", [], http(input)),
  ];
}

/** What holds for the processes of an nginx, whatever they serve. */
export function processDirectives(config: Config, facts: EngineFacts, pidFile: string): Directive[] {
  return [
    ...(facts.user ? [directive("user", facts.user)] : []),
    directive("daemon", "off"),
    directive("pid", inRuntime(facts, pidFile)),
    errorLog(config),
    directive("worker_processes", workerCount(config, facts)),
    directive("worker_rlimit_nofile", openFiles(config, facts)),
    ...(config.workerCpuAffinity === "" ? [] : [directive("worker_cpu_affinity", ...config.workerCpuAffinity.split(" "))]),
    ...(config.workerShutdownTimeout ? [directive("worker_shutdown_timeout", config.workerShutdownTimeout)] : []),
    block("events", [], [
      directive("worker_connections", config.maxWorkerConnections),
      directive("multi_accept", config.enableMultiAccept ? "on" : "off"),
      ...config.debugConnections.map((network) => directive("debug_connection", network)),
      directive("use", "epoll"),
    ]),
  ];
}

function http(input: ConfInput): Directive[] {
  const { config, facts, settings } = input;
  return [
    ...luaStart(input),
    ...clientSide(config, facts),
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
      directive(`${name}_temp_path`, `${facts.tempDir ?? inRuntime(facts, FILES.temp)}/${name}`),
    ),
    ...logDirectives(config, facts),
    ...reasonDirectives(config),
    ...measureDirectives(settings),
    ...variableMaps(config, settings, comesFromSocket(input.config, input.settings, input.facts)),
    ...clientAddress(config, comesFromSocket(input.config, input.settings, input.facts)),
    ...upstreamBlocks(config, input.profiles.values()),
    ...copyUpstreams(input.profiles.values()),
    ...rulesForAll(allProfiles(input), config, facts),
    server(input),
  ];
}

function luaStart({ config, facts, settings, fronts = [] }: ConfInput): Directive[] {
  const options = [
    `config = ${luaString(DIGEST_HERE)}`,
    `socket = ${luaString(inRuntime(facts, FILES.socket))}`,
    `program = ${luaString(inRuntime(facts, FILES.program))}`,
    `keys = ${luaString(inRuntime(facts, FILES.keys))}`,
    `hideServer = ${!config.serverTokens}`,
    `requestIds = ${config.generateRequestId}`,
    `accessLog = ${logsAccess(config)}`,
    `logLabels = ${logLabels(config)}`,
    `logScores = ${logScores(config)}`,
    `bodySize = ${config.proxyBodySize}`,
    `tries = ${config.proxyNextUpstreamTries}`,
    `gateways = ${settings.gatewayApi}`,
    `fronts = { ${fronts.map(({ host, port }) => `[${luaString(/^(?:0\.0\.0\.0|::)$/.test(host) ? String(port) : `${host} ${port}`)}] = true`).join(", ")} }`,
    `followsBoth = ${followsBoth(config) && !tlsComesFromSocket(settings, facts)}`,
    `sent = { ${sentVariables(config).map((name) => `${name} = true`).join(", ")} }`,
    ...measuredOption(settings),
  ];
  return [
    directive("lua_package_path", `${facts.edgeDir}/?.lua;;`),
    directive("lua_socket_log_errors", "off"),
    // Response times of endpoints, for load-balance: ewma.
    directive("lua_shared_dict", "sluice_ewma", "1m"),
    // By default the heap is walked every 1,000 requests, which is often enough to cost every request time.
    directive("lua_malloc_trim", 100_000),
    // A tenant's pattern gives up after this many steps (its canary is then not taken) instead of holding the worker.
    directive("lua_regex_match_limit", 100_000),
    // For requests that the edge makes itself, to services of external authentication.
    directive("lua_ssl_protocols", "TLSv1.2", "TLSv1.3"),
    ...SHARED_MEMORY.map(([name, size]) => directive("lua_shared_dict", name, size)),
    luaBlock("init_by_lua_block", `sluice = require("sluice") sluice.init({ ${options.join(", ")} })`),
    luaBlock("init_worker_by_lua_block", "sluice.initWorker()"),
    luaBlock("exit_worker_by_lua_block", "sluice.exitWorker()"),
  ];
}

/**
 * Tables of shared memory in which workers count together. The sizes are bounds: memory is taken as it is used. Rates
 * and connections have one entry of 100 to 200 bytes per client and Ingress. A full table of rates, or of kept answers
 * of external authentication, evicts what was used longest ago. What must never be evicted has a table of its own: which
 * workers there are (room for 4,096), and the key of digest authentication.
 */
export const SHARED_MEMORY = [["sluice_workers", "1m"], ["sluice_limits", "32m"], ["sluice_connections", "16m"], ["sluice_digest", "8m"], ["sluice_auth", "10m"]] as const;

function clientSide(config: Config, facts: EngineFacts): Directive[] {
  return [
    ...hashSizes(config),
    // Files of bodies are handled in threads: without them, all requests of a worker would wait for a slow disk.
    ...(facts.threads ? [directive("aio", "threads"), directive("aio_write", config.enableAioWrite ? "on" : "off")] : []),
    directive("default_type", config.defaultType),
    // What nginx and the edge note about one request takes some 10 KiB. In nginx's 4 KiB steps, taking them costs 6 % of a request's time.
    directive("request_pool_size", "12k"),
    directive("tcp_nopush", "on"),
    directive("tcp_nodelay", "on"),
    directive("reset_timedout_connection", "on"),
    directive("server_name_in_redirect", "off"),
    directive("port_in_redirect", "off"),
    // The edge completes the redirects that it makes.
    directive("absolute_redirect", "off"),
    directive("uninitialized_variable_warn", "off"),
    directive("server_tokens", config.serverTokens ? "on" : "off"),
    directive("keepalive_timeout", `${config.keepAlive}s`),
    directive("keepalive_requests", config.keepAliveRequests),
    directive("client_header_buffer_size", config.clientHeaderBufferSize),
    directive("client_header_timeout", `${config.clientHeaderTimeout}s`),
    directive("client_body_buffer_size", config.clientBodyBufferSize),
    directive("client_body_timeout", `${config.clientBodyTimeout}s`),
    directive("large_client_header_buffers", ...config.largeClientHeaderBuffers.split(" ")),
    directive("http2_max_concurrent_streams", config.http2MaxConcurrentStreams),
    directive("underscores_in_headers", config.enableUnderscoresInHeaders ? "on" : "off"),
    directive("ignore_invalid_headers", config.ignoreInvalidHeaders ? "on" : "off"),
    ...gzip(config),
    ...brotli(config, facts),
  ];
}

function gzip(config: Config): Directive[] {
  if (!config.useGzip) return [];
  return [
    directive("gzip", "on"),
    directive("gzip_comp_level", config.gzipLevel),
    directive("gzip_http_version", "1.1"),
    directive("gzip_min_length", config.gzipMinLength),
    directive("gzip_types", ...config.gzipTypes.split(/\s+/).filter(Boolean)),
    ...(config.gzipDisable === "" ? [] : [directive("gzip_disable", expression(config.gzipDisable))]),
    directive("gzip_proxied", "any"),
    directive("gzip_vary", "on"),
  ];
}

function server(input: ConfInput): Directive {
  const { config, facts, settings } = input;
  const handsOn = handsOnHttp2(config, settings, facts);
  return block("server", [], [
    ...listeners(input),
    directive("server_name", "_"),
    ...tlsDirectives(config, facts),
    luaBlock("server_rewrite_by_lua_block", handsOn ? "sluice.rewriteUnlessBad()" : "sluice.rewrite()"),
    luaBlock("log_by_lua_block", logCalls(config, settings)),
    ...(handsOn ? handingOn(inRuntime(facts, SOCKETS.plainHttp2), logCalls(config, settings), quietLog(config, facts)) : []),
    // Locations of routes with filters have a header filter of their own; the others inherit this one.
    ...(config.addHeaders === "" ? [] : [luaBlock("header_filter_by_lua_block", "sluice.addHeaders()")]),
    ...timeouts(config),
    directive("proxy_redirect", "off"),
    // The balancer counts: it asks nginx for another try, or does not.
    directive("proxy_next_upstream_tries", 0),
    ...(config.limitRate > 0 ? [directive("limit_rate", `${config.limitRate}k`)] : []),
    // nginx reads it only where there is a rate.
    directive("limit_rate_after", expression("$limit_after")),
    ...upstreamHeaders(config),
    block("location", ["/"], defaultLocation(input)),
    ...profileLocations(AUTHORITY, defaultProfile(config), input),
    ...[...input.profiles].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([id, profile]) => profileLocations(id, profile, input)),
    ...errorLocations([...allProfiles(input)].flatMap(({ errorCodes }) => errorCodes), profileDirectives(withoutErrorPages(defaultProfile(config))), config, facts),
    ...mirrorLocations(input.profiles.values()),
    ...copyLocations(input.profiles.values(), config),
    ...BODY_LOCATIONS(config)(facts),
    HEALTH,
    declarations(input),
  ]);
}

function allProfiles({ config, profiles }: ConfInput): Iterable<Profile> {
  return [defaultProfile(config), ...profiles.values()];
}

function defaultLocation({ config, facts }: ConfInput): Directive[] {
  const profile = defaultProfile(config);
  if (cannotInspect(profile, config, facts)) return CLOSED;
  return [...profileDirectives(profile), ...modsecurityDirectives(profile, config, facts), ...routedHostHeaders(config), directive("proxy_pass", "http://sluice")];
}

/** The twin of `location /` for requests whose Host header is not just the routed host (edge/src/phases/rewrite.ts). */
const AUTHORITY = "authority";

/** The location of a profile and, where the limit of bodies is data, its twin that takes bodies of any size. */
function profileLocations(id: string, profile: Profile, input: ConfInput): readonly Directive[] {
  const made = MADE(input.config)(input.facts)(profile);
  const before = made.get(id);
  if (before !== undefined) return before;
  const own = profileLocation(id, profile, input);
  const locations = bodyIsData(profile) ? [own, profileLocation(`${id}${LARGE_TWIN}`, { ...profile, bodySize: 0 }, input)] : [own];
  made.set(id, locations);
  return locations;
}

const BODY_LOCATIONS = oncePer<Config, (facts: EngineFacts) => readonly Directive[]>((config) =>
  oncePer((facts) => bodyLocations(defaultProfile(config).errorCodes.map(errorPageDirective), quietLog(config, facts))));

/** Locations by id, for each Config, machine and profile: most of a file stays what it was in the file before. */
const MADE = oncePer<Config, ByMachine>(() => oncePer<EngineFacts, ByProfile>(() => oncePer<Profile, Map<string, readonly Directive[]>>(() => new Map())));
type ByProfile = (profile: Profile) => Map<string, readonly Directive[]>;
type ByMachine = (facts: EngineFacts) => ByProfile;

function profileLocation(id: string, profile: Profile, { config, facts }: ConfInput): Directive {
  const own = [
    ...profileDirectives(profile),
    ...modsecurityDirectives(profile, config, facts),
    ...(profile.filtered ? quietLog(config, facts) : []),
  ];
  const closed = cannotInspect(profile, config, facts);
  const passing = closed ? CLOSED : passDirectives(profile, own, config, (trust) => inRuntime(facts, trustFile(trust)));
  const snippet = profile.snippet && profile.snippet.statements.length > 0 && !closed ? snippetDirectives(profile.snippet, config, passing) : [];
  return block("location", ["=", `profile:${id}`], [...passing.filter((one) => !isSaidAnew(one, snippet)), ...snippet]);
}

/** A request header that a snippet sets takes the place of the usual one: nginx would send both. */
function isSaidAnew({ name, args }: Directive, snippet: readonly Directive[]): boolean {
  const header = String(args[0] ?? "").toLowerCase();
  return name === "proxy_set_header" && snippet.some((one) => one.name === name && headerOf(one) === header);
}

function headerOf({ args: [first] }: Directive): string {
  return (typeof first === "object" ? first.expression : String(first ?? "")).toLowerCase();
}

/** Answers `--health-check-path`. ingress-nginx behaviour: without a line in the access log. */
const HEALTH = block("location", ["=", "answer:health"], [directive("access_log", "off"), directive("return", 200)]);

/** For a location whose inspection is not possible: nobody gets in. */
const CLOSED: Directive[] = [directive("return", 503)];

/** Declares variables, which exist once some `set` names them. No request reaches this location, because a path starts with `/`. */
function declarations({ profiles, config }: ConfInput): Directive {
  const names = ["sluice_uri", "sluice_authority", "sluice_path", "sluice_limit_rate_after", "sluice_request_id", "sluice_vhost", "sluice_connection",
    "sluice_quiet", "sluice_hidden", "sluice_answer", "sluice_ewma_score", "proxy_upstream_name", "proxy_alternative_upstream_name", "namespace", "ingress_name", "service_name",
    "service_port", "location_path", ...sentVariables(config), ...upstreamVariables(profiles.values()), ...copyVariables(profiles.values())];
  return block("location", ["=", "declare:variables"], names.map((name) => directive("set", expression(`$${name}`), "")));
}

/**
 * Connections that may wait to be accepted: as many as the kernel allows (net.core.somaxconn), to which it lowers the number. Beyond
 * nginx's own 511 a flood of connections has others wait for seconds until they try again. ingress-nginx behaviour: the same.
 */
const BACKLOG = "backlog=65535";

function listeners({ config, settings, facts, fronts = [] }: ConfInput): Directive[] {
  const proxyProtocol = config.useProxyProtocol ? ["proxy_protocol"] : [];
  const http2 = http2OverTlsAlone(config, facts) ? ["http2"] : [];
  const out: Directive[] = [];
  for (const address of bindAddresses(settings, config.disableIpv6 || !facts.ipv6)) {
    const only6 = address.startsWith("[") ? ["ipv6only=on"] : [];
    out.push(directive("listen", `${address}:${settings.httpPort}`, "default_server", BACKLOG, ...only6, ...proxyProtocol));
    if (tlsComesFromSocket(settings, facts)) continue;
    out.push(
      directive("listen", `${address}:${settings.httpsPort}`, "default_server", BACKLOG, "ssl", ...http2, ...only6, ...proxyProtocol),
    );
  }
  for (const { host, port, ssl } of fronts) out.push(listen(host, port, [BACKLOG, ...(ssl ? ["ssl", ...http2] : []), ...proxyProtocol]));
  if (tlsComesFromSocket(settings, facts)) {
    out.push(directive("listen", `unix:${inRuntime(facts, SOCKETS.https)}`, "default_server", BACKLOG, "ssl", ...http2, "proxy_protocol"));
  }
  if (config.useHttp2 && hasHttp2Directive(facts)) out.push(directive("http2", "on"));
  return out;
}

/** @param address IPv6 without brackets */
export function listen(address: string, port: number, options: readonly string[]): Directive {
  const six = address.includes(":");
  return directive("listen", `${six ? `[${address}]` : address}:${port}`, ...options, ...(six ? ["ipv6only=on"] : []));
}

/** Addresses as nginx writes them: IPv6 in brackets. All addresses when the operator chose none. */
export function bindAddresses(settings: Pick<Settings, "bindAddress">, onlyIpv4: boolean): string[] {
  const chosen = settings.bindAddress.map((address) => (address.includes(":") ? `[${address}]` : address));
  if (chosen.length > 0) return chosen;
  return onlyIpv4 ? ["0.0.0.0"] : ["0.0.0.0", "[::]"];
}

function inRuntime(facts: EngineFacts, file: string): string {
  return `${facts.runtimeDir}/${file}`;
}
