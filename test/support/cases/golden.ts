/**
 * The golden files of a case: the routing that its objects compile to, and the findings. UPDATE_GOLDEN=1 writes them.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { EdgeCanary, EdgeHost, Rewrite, EdgeRoute } from "../../../edge/src/program.ts";
import { CATCH_ALL, DEFAULT_BACKEND } from "../../../edge/src/program.ts";
import { defaultProfile, type Profile } from "../../../src/compile/profiles.ts";
import type { Program } from "../../../src/compile/program.ts";
import { tablesOf } from "../tables.ts";
import type { Finding } from "../../../src/model/findings/findings.ts";
import type { Compiled } from "./compiled.ts";

/** Compares with the file, which is absent when there is nothing to say. */
export function compareGolden(folder: string, file: string, value: object): void {
  const path = join(folder, file);
  const empty = Object.keys(value).length === 0;
  const text = empty ? "" : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
  if (process.env["UPDATE_GOLDEN"]) {
    if (empty) rmSync(path, { force: true });
    else writeFileSync(path, text);
  }
  assert.equal(text, existsSync(path) ? readFileSync(path, "utf8") : "", `${path} says something else (UPDATE_GOLDEN=1 writes it)`);
}

/** @param folder in which the findings' files lie. */
export function printFindings(findings: readonly Finding[], folder: string): object[] {
  return findings.map(({ code, severity, object, field, sentence, hint, effect, file, line }) => ({
    code,
    severity,
    ...(file === undefined ? {} : { at: `${file.replace(`${folder}/`, "")}:${line}` }),
    object: `${object.kind} ${object.namespace}/${object.name}`,
    field,
    sentence: sentence.replaceAll(`${folder}/`, ""),
    ...(hint === undefined ? {} : { hint }),
    effect,
  }));
}

/** What the edge is sent, printed from its tables: `= /path` stands for that path alone, `/path/` for all paths that begin with it. */
export function printProgram({ program, model }: Compiled): object {
  const tables = tablesOf(program);
  const hosts = { ...withPrefix(tables.wildcards, "*"), ...tables.hosts };
  const named = Object.entries(hosts).filter(([name, host]) => name !== CATCH_ALL || !isUntouched(host));
  const names = new Map([...model.certificates].map(([id, { origin }]) => [id, `${origin.namespace}/${origin.name}`]));
  const printed = withNames(sorted(named.map(([name, host]) => [name, printHost(host, program)])), names) as Record<string, unknown>;
  const pools = sorted(Object.entries(tables.pools).filter(([id]) => id !== DEFAULT_BACKEND).map(([id, { endpoints }]) => [id, endpoints.map(([address, port]) => `${address}:${port}`)]));
  const secret = (id: string): string => {
    const origin = model.certificates.get(id)?.origin;
    return origin ? `${origin.namespace}/${origin.name}` : "self-signed default";
  };
  const tls = sorted([...model.tls].map(([name, id]) => [name, secret(id)]));
  const aliases = sorted([...model.aliases].map(([name, { host, redirect }]) => [name, redirect ? `redirects to ${host}` : host]));
  return { ...filled("hosts", printed), ...filled("aliases", aliases), ...filled("pools", pools), ...filled("tls", tls) };
}

/** Replaces ids of certificates, which are made when the case runs, by the names of their Secrets. */
function withNames(value: object, names: ReadonlyMap<string, string>): object {
  return JSON.parse(JSON.stringify(value), (_key, one: unknown) => (typeof one === "string" ? (names.get(one) ?? one) : one)) as object;
}

/** Whether nobody declared anything: there is only what every Program has, the default backend and the health route. */
function isUntouched(host: EdgeHost): boolean {
  return host.routes.every((route) => route.pool === DEFAULT_BACKEND || (route.ingress === "" && route.respond === 200));
}

/** A Prefix path, and the same path without its slash, lead to one route and are one line. */
function printHost(host: EdgeHost, program: Program): object {
  const { exact, prefix, routes, special } = host;
  const appRoot = special?.appRoot === undefined ? {} : { "app root": special.appRoot };
  if (special?.patterns) {
    // In the order in which they are tried. Of equal patterns only the first, which takes all requests.
    const texts = special.patterns.map(({ pattern }) => pattern);
    const patterns = special.patterns.filter(({ pattern }, index) => texts.indexOf(pattern) === index).map(({ pattern, route }): [string, unknown] => [`~ ${utf8(pattern.replace("(?i)", ""))}`, printRoute(routes[route], program)]);
    return { ...appRoot, ...Object.fromEntries(Object.entries(exact).map(([path, index]) => [`= ${utf8(path)}`, printRoute(routes[index], program)])), ...Object.fromEntries(patterns) };
  }
  const isTwin = (path: string, index: number): boolean => prefix[`${path}/`] === index;
  const lines: [string, unknown][] = [
    ...Object.entries(exact)
      .filter(([path, index]) => !isTwin(path, index))
      .map(([path, index]): [string, unknown] => [`= ${utf8(path)}`, printRoutes(routes, index, program)]),
    ...Object.entries(prefix).map(([path, index]): [string, unknown] => {
      const twin = path !== "/" && exact[path.slice(0, -1)] === index;
      return [twin ? `${utf8(path.slice(0, -1))} and ${utf8(path)}` : utf8(path), printRoutes(routes, index, program)];
    }),
  ];
  return { ...appRoot, ...printTls(host), ...sorted(lines) };
}

/** The TLS settings of a host, without digests, which differ from run to run. */
function printTls({ special }: EdgeHost): object {
  const { clients, handshake } = special ?? {};
  const { ciphers, preferServer } = handshake ?? {};
  return {
    ...(clients ? { clients: { ...clients, ...(clients.trust === undefined ? {} : { trust: "a digest" }) } } : {}),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(preferServer === undefined ? {} : { preferServerCiphers: preferServer }),
  };
}

/** Routes of one path that differ by their conditions: a list, in the order in which they are tried. */
function printRoutes(routes: readonly EdgeRoute[], index: number, program: Program): unknown {
  const route = routes[index];
  if (route?.when === undefined) return printRoute(route, program);
  const { when } = route;
  const next = route.otherwise === undefined ? [] : printRoutes(routes, route.otherwise, program);
  const printed = printRoute(route, program);
  return [{ when, ...(typeof printed === "string" ? { to: printed } : (printed as object)) }, ...(Array.isArray(next) ? (next as unknown[]) : [next])];
}

function printRoute(route: EdgeRoute | undefined, program: Program): unknown {
  if (!route) return "no such route";
  const { canaries, total, filters, balance, trace, profile, https, keepSlash, connect, send, read, detour, relative, redirectPort, body, tries } = route;
  const more = {
    ...(https ? { https } : {}),
    ...(keepSlash ? { keepSlash } : {}),
    ...(connect === undefined ? {} : { timeouts: `connect ${connect} s, send ${send} s, read ${read} s` }),
    ...(body ? { body: `at most ${body.most} bytes${body.readFrom === undefined ? "" : `, read from ${body.readFrom} bytes`}` } : {}),
    ...(tries === undefined ? {} : { tries }),
    ...filled("profile", printProfile(profile === undefined ? undefined : program.profiles.get(profile), program)),
    ...(filters ? { filters } : {}),
    ...(detour?.rewrite ? { rewrite: printRewrite(detour.rewrite as Rewrite) } : {}),
    ...(relative ? { redirects: "relative" } : {}),
    ...(redirectPort === undefined ? {} : { redirectPort }),
    ...(balance ? { balance } : {}),
    ...(trace ? { trace } : {}),
    ...(canaries ? { canaries: canaries.map((canary) => printCanary(canary, total ?? 100)) } : {}),
  };
  // Most routes redirect to https if there is a certificate: only the others get a line.
  const { https: follows, ...rest } = more;
  const shown = follows === "certificate" ? rest : follows === undefined ? { https: "never", ...rest } : more;
  return Object.keys(shown).length === 0 || route.respond !== undefined ? target(route) : { to: target(route), ...shown };
}

/** What differs from the profile that routes without annotations have. */
function printProfile(profile: Profile | undefined, { config }: Program): object {
  const usual: Readonly<Record<string, unknown>> = { ...defaultProfile(config) };
  return Object.fromEntries(Object.entries(profile ?? {}).filter(([key, value]) => String(value) !== String(usual[key])));
}

function printRewrite({ pattern, target: pieces }: Rewrite): string {
  const text = pieces.map((piece) => (typeof piece === "string" ? piece : `$${"group" in piece ? piece.group : piece.variable}`));
  return `${utf8(pattern)} to ${text.join("")}`;
}

function target({ pool, respond, slash, detour }: EdgeRoute): string {
  if (detour?.redirect) return `${detour.redirect.status} to ${detour.redirect.rewrite ? printRewrite(detour.redirect.rewrite) : detour.redirect.url}`;
  if (slash) return "301 to the same with /";
  if (respond !== undefined) return `answer ${respond}`;
  return pool === DEFAULT_BACKEND ? "default backend" : pool;
}

function printCanary({ pool, header, value, pattern, cookie, from, to, balance }: EdgeCanary, total: number): unknown {
  const rules = [
    header === undefined ? "" : value !== undefined ? `${header} = ${value}` : pattern !== undefined ? `${header} ~ ${pattern}` : header,
    cookie ?? "",
    to > from ? `${to - from} of ${total}` : "",
  ];
  const text = `${pool} by ${rules.filter((rule) => rule !== "").join(", ") || "nothing"}`;
  return balance ? { to: text, balance } : text;
}

function withPrefix<T>(values: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
}

function sorted(entries: readonly [string, unknown][]): Record<string, unknown> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function filled(key: string, value: object): object {
  return Object.keys(value).length > 0 ? { [key]: value } : {};
}

/** The text behind a string of the edge, which is UTF-8 read as latin-1. */
function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
