/**
 * What no snippet may hold, even where the operator allows snippets: the operator trusts those who write Ingresses with
 * nginx's directives for their own requests, not with the keys of everybody else or the files of the machine.
 */
import type { Statement } from "../shapes/snippet.ts";

export interface Forbidden {
  /** The directive. */
  readonly name: string;
  readonly why: string;
}

const CODE = "runs code where everybody's private keys are";
const FILES = "opens files of the machine";
const BACKEND = "sends requests past the endpoints of the Ingress: its backend says where they go";
const PLACE = "belongs into a server block, and one serves every host: write a path of the Ingress instead";
const RULES = "brings rules that nobody has read: write them into modsecurity-snippet";
const NAMES = "looks a name up when nginx reads its configuration, which fails when that fails: write addresses";
const OWN = "sets a variable of Sluice's own";

/** The first statement that no snippet may hold, blocks included; undefined: there is none. */
export function findForbidden(statements: readonly Statement[]): Forbidden | undefined {
  for (const { name, args, children } of statements) {
    const why = whyForbidden(name, args);
    if (why !== undefined) return { name, why };
    const inside = children && findForbidden(children);
    if (inside) return inside;
  }
  return undefined;
}

function whyForbidden(name: string, args: readonly string[]): string | undefined {
  if (name.includes("_by_lua") || /^(?:lua|js|perl)(?:_|$)/.test(name)) return CODE;
  if (name.endsWith("_pass")) return BACKEND;
  if (name === "location" || name === "server") return PLACE;
  if (opensFiles(name, args)) return FILES;
  if (name.startsWith("modsecurity_rules")) return RULES;
  if (LOOKS_UP.has(name) && args.some(isName)) return NAMES;
  for (const variable of variablesMadeBy(name, args)) {
    if (variable.startsWith("sluice_")) return OWN;
    if (OF_REQUESTS.test(variable)) return `would change $${variable} for every host`;
  }
  return undefined;
}

/**
 * Beginnings of the names of variables that stand for what a request or an answer brings. If a location makes a variable
 * of such a name, the name stands for that variable in all locations.
 */
const OF_REQUESTS = /^(?:http_|cookie_|arg_|sent_http_|sent_trailer_|upstream_http_|upstream_cookie_|upstream_trailer_)/;

/** The variables that a directive makes, in lower case, as nginx keeps them. A named group of a pattern is a variable as well. */
function variablesMadeBy(name: string, args: readonly string[]): readonly string[] {
  const set = /^(?:auth_request_)?set$/.test(name) ? [args[0]?.replace(/^\$/, "") ?? ""] : [];
  const groups = args.flatMap((arg) => [...arg.matchAll(/\(\?P?[<']([A-Za-z_]\w*)/g)].map(([, group = ""]) => group));
  return [...set, ...groups].map((variable) => variable.toLowerCase());
}

const LOOKS_UP = new Set(["resolver", "set_real_ip_from"]);

/** True: the text is no address, no network and no option (`valid=30s`). */
function isName(text: string): boolean {
  return !text.includes("=") && text !== "unix:" && !/^(?:[0-9.]+|\[[0-9a-f:.]+\]|[0-9a-f:.]*:[0-9a-f:.]*)(?::[0-9]+|\/[0-9]+)?$/i.test(text);
}

/** Directives that open files. ingress-nginx's nginx has no `root` and no `alias` either. */
const OPENS_FILES = new Set([
  "include", "root", "alias", "try_files", "index", "autoindex", "random_index", "flv", "mp4", "error_log", "proxy_store", "fastcgi_store",
  "auth_basic_user_file", "create_full_put_path", "client_body_in_file_only", "dav_methods", "dav_access", "xslt_stylesheet", "ssi", "geoip2",
]);

function opensFiles(name: string, args: readonly string[]): boolean {
  if (OPENS_FILES.has(name) || /_temp_path$|_certificate(?:_key)?$|_password_file$|_crl$|_conf_command$/.test(name)) return true;
  if (name === "access_log") return args[0] !== "off";
  return name === "if" && /^\(?\s*!?-[fdex]$/.test(args[0] ?? "");
}
