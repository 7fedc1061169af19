/**
 * Finds out which nginx this machine has and whether it can carry the edge.
 *
 * Throws a UserError that names the Debian package when nginx or its Lua module is missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { EngineFacts, ModsecurityFacts } from "../../compile/facts.ts";
import { countProcessors } from "./processors.ts";
import { UserError } from "../../support/user-error.ts";

export interface Probe {
  /** Path of the nginx binary. */
  readonly binary: string;
  readonly facts: EngineFacts;
  /** Account that workers run as, when nginx is started by root. */
  readonly workers: { readonly uid: number; readonly gid: number } | undefined;
}

const MODULES = ["ndk_http_module.so", "ngx_http_lua_module.so"];
/** Accounts that Debian's and nginx.org's packages create; the last one is on most other systems. */
const WORKER_ACCOUNTS = ["www-data", "nginx", "nobody"];

export interface ProbeOptions {
  /** nginx, as a path or as a name for PATH. */
  readonly binary: string;
  readonly runtimeDir: string;
  readonly edgeDir: string;
  readonly accessLog: string;
  readonly tempDir?: string;
}

export function probeEngine(options: ProbeOptions): Probe {
  const build = describeBuild(options.binary);
  const account = workerAccount();
  requireEdge(options.edgeDir);
  const modsecurity = findModsecurity(build);
  const brotli = moduleFolders(build).map((folder) => `${folder}/${BROTLI}`).find((file) => existsSync(file));
  const stream = findStream(build);
  return {
    binary: options.binary,
    workers: account,
    facts: {
      version: version(build),
      modules: modules(build),
      ...(account ? { user: account.name } : {}),
      ...(modsecurity ? { modsecurity } : {}),
      ...(brotli === undefined ? {} : { brotli }),
      ...(/--with-threads\b/.test(build) ? { threads: true } : {}),
      ...(stream ? { stream } : {}),
      processors: countProcessors(),
      openFiles: openFiles(),
      ipv6: hasIpv6(),
      accessLog: options.accessLog,
      runtimeDir: options.runtimeDir,
      ...(options.tempDir ? { tempDir: options.tempDir } : {}),
      edgeDir: options.edgeDir,
    },
  };
}

/** The output of `nginx -V`, which goes to standard error. */
function describeBuild(binary: string): string {
  const { status, stderr } = spawnSync(binary, ["-V"], { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status === 0) return stderr;
  throw new UserError(
    `nginx cannot be run as "${binary}", so nothing can be served: install it (Debian: apt-get install nginx libnginx-mod-http-lua lua-resty-core lua-cjson) or name it with NGINX_BINARY.`,
  );
}

function version(build: string): readonly [number, number, number] {
  const found = /nginx version: \S+\/(\d+)\.(\d+)\.(\d+)/.exec(build);
  if (!found) throw new UserError(`"nginx -V" does not say its version, so its features cannot be known: is this nginx?`);
  return [Number(found[1]), Number(found[2]), Number(found[3])];
}

/** Module files in the order nginx needs them; none when Lua is compiled in. */
function modules(build: string): string[] {
  if (/--add-module=\S*lua/.test(build)) return [];
  const folders = moduleFolders(build);
  return MODULES.map((file) => {
    const folder = folders.find((one) => existsSync(`${one}/${file}`));
    if (!folder) {
      throw new UserError(
        `nginx's module ${file} is missing in ${folders[0] ?? ""}, so the edge cannot run: install it (Debian: apt-get install libnginx-mod-http-lua lua-resty-core lua-cjson).`,
      );
    }
    return `${folder}/${file}`;
  });
}

/** Folders that may have nginx's modules, the configured one first. */
function moduleFolders(build: string): string[] {
  const prefix = /--prefix=(\S+)/.exec(build)?.[1] ?? "/usr/share/nginx";
  const configured = /--modules-path=(\S+)/.exec(build)?.[1] ?? `${prefix}/modules`;
  return [configured, `${prefix}/modules`, "/usr/lib/nginx/modules"];
}

/** The module in Debian's package libnginx-mod-http-brotli-filter. */
const BROTLI = "ngx_http_brotli_filter_module.so";
const MODSECURITY = "ngx_http_modsecurity_module.so";
/** Where Debian, and ingress-nginx's image, keep the main rules. */
const RULES = ["/etc/nginx/modsecurity.conf", "/etc/nginx/modsecurity/modsecurity.conf", "/etc/modsecurity/modsecurity.conf"];
const CRS_SETUP = "/etc/modsecurity/crs/crs-setup.conf";
const CRS_RULES = "/usr/share/modsecurity-crs/rules";

/** What is installed of Debian's packages libnginx-mod-http-modsecurity and modsecurity-crs. */
function findModsecurity(build: string): ModsecurityFacts | undefined {
  const folder = moduleFolders(build).find((one) => existsSync(`${one}/${MODSECURITY}`));
  const rules = RULES.find((file) => existsSync(file));
  if (folder === undefined || rules === undefined) return undefined;
  const coreRules = existsSync(CRS_SETUP) && existsSync(CRS_RULES) ? [CRS_SETUP, `${CRS_RULES}/*.conf`] : undefined;
  return { module: `${folder}/${MODSECURITY}`, rules, ...(coreRules ? { coreRules } : {}) };
}

/**
 * The module of njs needs the module `stream`. In Debian both are files of their own; in nginx.org's packages only the
 * second is, and `stream` is compiled in.
 */
const STREAM = "ngx_stream_module.so";
const STREAM_SCRIPT = "ngx_stream_js_module.so";

function findStream(build: string): readonly string[] | undefined {
  const find = (file: string): string | undefined => moduleFolders(build).map((folder) => `${folder}/${file}`).find((path) => existsSync(path));
  const [stream, script] = [find(STREAM), find(STREAM_SCRIPT)];
  if (script === undefined) return undefined;
  if (stream !== undefined) return [stream, script];
  return /--with-stream(?!\S)/.test(build) ? [script] : undefined;
}

function requireEdge(edgeDir: string): void {
  if (existsSync(`${edgeDir}/sluice.lua`)) return;
  throw new UserError(`The compiled edge ${edgeDir}/sluice.lua is missing: run "make setup" (or "npm run build:edge") first.`);
}

/**
 * The account that nginx gives its workers when root starts it; undefined when another user starts it, whose workers
 * keep that user's account. The group is the one that nginx takes: the group of the same name (directive `user` with
 * one argument).
 */
export function workerAccount(): { name: string; uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const rows = (file: string): string[][] => readFileSync(file, "utf8").split("\n").map((line) => line.split(":"));
  const [accounts, groups] = [rows("/etc/passwd"), rows("/etc/group")];
  for (const name of WORKER_ACCOUNTS) {
    const account = accounts.find((fields) => fields[0] === name);
    const group = groups.find((fields) => fields[0] === name);
    if (account && group) return { name, uid: Number(account[2]), gid: Number(group[2]) };
  }
  return undefined;
}

export function hasIpv6(): boolean {
  return existsSync("/proc/net/if_inet6") && readFileSync("/proc/net/if_inet6", "utf8").trim() !== "";
}

function openFiles(): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return hard === undefined || hard === "unlimited" ? 1_048_576 : Number(hard);
}
