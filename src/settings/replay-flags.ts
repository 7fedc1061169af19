/** The flags of `sluice migrate replay`: rows of the table of flags. */
import { isIP } from "node:net";
import * as type from "./values.ts";
import type { FlagType } from "./values.ts";

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** A listener: scheme, host and port, without a path. */
const listener: FlagType<string> = {
  placeholder: "URL",
  expects: "the scheme, address and port of a listener, such as http://127.0.0.1:8080 or https://10.0.0.1:8443",
  parse: (text) => {
    const [, scheme = "", place = ""] = /^(https?):\/\/([^/?#@\\\s]+)\/?$/i.exec(text) ?? [];
    return place !== "" && URL.canParse(`${scheme}://${place}`) ? `${scheme.toLowerCase()}://${place}` : undefined;
  },
};

/** One header each time the flag is given: its value may hold commas. */
const header: FlagType<readonly string[]> = {
  placeholder: "'NAME: VALUE'",
  expects: "a header such as 'X-Forwarded-Proto: https', other than Host (--host) and those of the connection",
  parse: (text) => {
    const [, name = "", value = ""] = /^([^:]+):[ \t]*([\t\x20-\x7e]*)$/.exec(text) ?? [];
    return TOKEN.test(name) && !OF_THE_CONNECTION.has(name.toLowerCase()) ? [`${name}: ${value.trim()}`] : undefined;
  },
};

/** Headers that are about the connection or the length of a body: they are never copied from a log, nor given by hand. */
export const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  "host", "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

/** CONNECT is not among them: its answer is a tunnel. */
const METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"];

const headerNames = named("NAME", "the name of a header, or several of them between commas", (name) => TOKEN.test(name));
const methodNames = named("METHODS", "methods of HTTP between commas, such as GET,HEAD,OPTIONS", (name) => METHODS.includes(name));

function named(placeholder: string, expects: string, is: (name: string) => boolean): FlagType<readonly string[]> {
  const list = type.texts(placeholder);
  return { placeholder, expects, parse: (text) => (list.parse(text)?.every(is) ? text.split(",") : undefined) };
}

const oneHeaderName: FlagType<string> = { placeholder: "NAME", expects: "the name of a header", parse: (text) => (text === "" || TOKEN.test(text) ? text : undefined) };

const sentHost: FlagType<string> = {
  placeholder: "HOST",
  expects: "a host name or an address, without a port",
  parse: (text) => (text === "" || isIP(text.replace(/^\[(.*)\]$/, "$1")) !== 0 || /^[\w.-]{1,253}$/.test(text) ? text.toLowerCase() : undefined),
};

const ROW = { commands: ["migrate-replay"] } as const;
const SENT = { group: "What is sent", ...ROW } as const;
const COMPARED = { group: "What is compared", ...ROW } as const;

export const REPLAY_FLAGS = {
  logFile: { flag: "log", type: { ...type.path, placeholder: "FILE" }, default: "", ...SENT,
    help: "The file with the access log, or - for standard input (zcat access.log.1.gz | … --log=-)." },
  logFormat: { flag: "log-format", type: type.anyText, default: "", ...SENT,
    defaultText: "ingress-nginx's, which names neither the host (--host) nor the scheme", help: "The log's format: log-format-upstream of the controller that wrote it, with $request or $request_uri in it." },
  logFormatEscape: { flag: "log-format-escape", type: type.oneOf("default", "json", "none"), default: "default", ...SENT,
    help: "How the format escapes values: json for log-format-escape-json, none for log-format-escape-none." },
  against: { flag: "against", type: listener, default: "", ...SENT,
    help: "The listener of the old controller. The Host header and the server name (SNI) are those of the logged request." },
  and: { flag: "and", type: listener, default: "", ...SENT,
    help: "The listener of the new one." },
  againstHttps: { flag: "against-https", type: listener, default: "", ...SENT,
    defaultText: "that of --against", help: "Where requests go that came over TLS, as far as the log says it ($scheme, $https, $ssl_protocol). Together with --and-https." },
  andHttps: { flag: "and-https", type: listener, default: "", ...SENT,
    defaultText: "that of --and", help: "The same of the new one." },
  verifyCertificates: { flag: "verify", type: type.boolean, default: false, ...SENT,
    help: "A certificate that is not valid for the host, or that nobody trusted has signed, counts as no answer. Without it, certificates are not looked at." },
  sentHost: { flag: "host", type: sentHost, default: "", ...SENT,
    defaultText: "none: such lines are skipped", help: "The host of the lines that name none." },
  sentMethods: { flag: "methods", type: methodNames, default: ["GET", "HEAD"], ...SENT,
    help: "Which requests are sent, by method. A log holds no bodies: POST and the like go with an empty one, and may change things all the same." },
  sentHeaders: { flag: "header", type: header, default: [], ...SENT,
    help: "A header of every request, in place of the log's; may be repeated. Headers that the log has ($http_user_agent, …) are sent as they are there, but for Accept-Encoding." },
  allLines: { flag: "all-lines", type: type.boolean, default: false, ...SENT,
    help: "Send what is asked for again (method, scheme, host, path and query) as often as the log has it, instead of once." },
  rate: { flag: "rate", type: type.count(1, 10_000), default: 50, ...SENT,
    help: "The most requests a second that each of the two gets." },
  limit: { flag: "limit", type: type.count(0, 999_999_999), default: 0, ...SENT,
    defaultText: "all", help: "Stop after so many requests." },
  ignoreHeader: { flag: "ignore-header", type: headerNames, default: [], ...COMPARED,
    help: "A response header that may differ; may be repeated. Date, Server, Connection, Keep-Alive, X-Request-ID, Content-Length and Transfer-Encoding always may, and so may values of cookies." },
  ignoreBody: { flag: "ignore-body", type: type.boolean, default: false, ...COMPARED,
    help: "Bodies may differ, and are not read. Without it, the first MiB and the length are compared." },
  upstreamHeader: { flag: "upstream-header", type: oneHeaderName, default: "", ...COMPARED,
    defaultText: "none", help: "The response header in which backends tell their name (X-Backend): who answered is compared." },
} as const;
