/**
 * The tables that requests are matched against, and how frames change them.
 *
 * Guarantee: between two commits the tables do not change, and a commit changes them without an await in between, so
 * a request sees a host from before or from after, never a mixture. A value is replaced, never edited: a request that
 * already holds a route or a pool keeps a whole one.
 *
 * Pure: runs in nginx (LuaJIT) and on Node.
 */
import type { Aliases } from "./aliases.ts";
import { commitPatterns, newAliases, setAlias } from "./aliases.ts";
import type { EdgeTrust } from "./client-auth.ts";
import type { EdgeAlias, EdgeCanary, EdgeCertificate, EdgeFront, EdgeRoute, EdgeSettings, Frame, EdgeHost, PartKind, PartValues, EdgePool, EdgeUsers } from "./program.ts";
import { CATCH_ALL } from "./program.ts";
import { moveInto, type Room } from "./layout.ts";
import type { Proxies } from "./proxies.ts";
import { emptyTable, put } from "./table.ts";

export interface Tables {
  /** Exact host names and `_`. */
  hosts: Record<string, EdgeHost>;
  /** `*.example.com`, stored under `.example.com`. */
  wildcards: Record<string, EdgeHost>;
  /** `address port`, or `* port`, of what belongs to Gateways. */
  fronts: Record<string, EdgeFront>;
  /** Key of a Gateway's listener → its hosts. */
  sites: Record<string, Site>;
  aliases: Aliases;
  pools: Record<string, EdgePool>;
  certificates: Record<string, EdgeCertificate>;
  /** Server name (exact or `_`) → certificate id; `""`: nginx's own default certificate. */
  names: Record<string, string>;
  /** The same for `*.example.com`, stored under `.example.com`. */
  wildcardNames: Record<string, string>;
  /** Key of a Gateway's listener → certificate id. */
  listenerNames: Record<string, string>;
  /** The edge's own: host name → whether a certificate covers it, for names that were looked up. Each commit empties it. */
  covered: Record<string, boolean>;
  /** By the id in `PasswordAuth.users`. */
  users: Record<string, EdgeUsers>;
  /** What client certificates are verified against. */
  trusts: Record<string, EdgeTrust>;
  settings: EdgeSettings;
  /**
   * The nginx.conf of this worker leaves the client's address to the edge. The Program may belong to a newer nginx.conf that does not, and is not loaded
   * yet: all the same no route is `plain` or checked early then, and there are `proxies`.
   */
  findsClients: boolean;
  /** Ports (`8080`), and addresses with ports (`10.0.0.5 80`), that this nginx listens on for Gateways alone. */
  frontSockets: Record<string, boolean>;
  /** Of the last commit; 0 and "" before the first. */
  generation: number;
  digest: string;
}

/** The hosts of one listener. Unlike elsewhere, a wildcard stands for any number of labels. */
export interface Site {
  hosts: Record<string, EdgeHost>;
  /** As in `Tables`. */
  wildcards: Record<string, EdgeHost>;
}

export interface Staging {
  /** Frames since the last commit, in order. */
  frames: Frame[];
  /** Pieces of a long frame that is not complete yet. */
  pieces: string[];
}

export function newTables(): Tables {
  return {
    hosts: emptyTable(),
    wildcards: emptyTable(),
    fronts: emptyTable(),
    sites: emptyTable(),
    aliases: newAliases(),
    pools: emptyTable(),
    certificates: emptyTable(),
    names: emptyTable(),
    wildcardNames: emptyTable(),
    listenerNames: emptyTable(),
    covered: emptyTable(),
    users: emptyTable(),
    trusts: emptyTable(),
    settings: {
      redirectCode: 308,
      forwardedProto: false,
      limitKey: ["", "binary_remote_addr", ""],
      limitRateStatus: 503,
      limitConnectionsStatus: 503,
    },
    findsClients: false,
    frontSockets: emptyTable(),
    generation: 0,
    digest: "",
  };
}

export function newStaging(): Staging {
  return { frames: [], pieces: [] };
}

/**
 * Takes one frame. Answers true when it was a commit and `tables` now say something new.
 * `decode` reads the JSON text of a frame that came in pieces.
 */
export function take(tables: Tables, staging: Staging, frame: Frame, decode: (text: string) => Frame): boolean {
  if (frame.op === "piece") {
    staging.pieces.push(frame.text);
    if (!frame.last) return false;
    const whole = decode(staging.pieces.join(""));
    staging.pieces = [];
    return take(tables, staging, whole, decode);
  }
  if (frame.op === "retire" || frame.op === "watch" || frame.op === "ask") return false;
  if (frame.op !== "commit") {
    staging.frames.push(frame.op === "set" ? laidOut(frame, tables.findsClients) : frame);
    return false;
  }
  // Should something fail in the middle, the tables hold no Program that anybody knows, and must not claim one.
  tables.digest = "";
  for (const staged of staging.frames) applyStaged(tables, staged);
  staging.frames = [];
  commitPatterns(tables.aliases);
  tables.covered = emptyTable();
  tables.generation = frame.generation;
  tables.digest = frame.digest;
  return true;
}

/** Forgets what was staged: the connection it came over ended before the commit. */
export function discard(staging: Staging): void {
  staging.frames = [];
  staging.pieces = [];
}

function applyStaged(tables: Tables, frame: Frame): void {
  if (frame.op === "set") setPart(tables, frame.kind, frame.id, frame.value);
  else if (frame.op === "drop") setPart(tables, frame.kind, frame.id, undefined);
  else if (frame.op === "reset") clear(tables);
}

/** Forgets all parts but the settings, which are replaced and never dropped. */
export function clear(tables: Tables): void {
  const fresh = newTables();
  tables.hosts = fresh.hosts;
  tables.wildcards = fresh.wildcards;
  tables.fronts = fresh.fronts;
  tables.sites = fresh.sites;
  tables.aliases = fresh.aliases;
  tables.pools = fresh.pools;
  tables.certificates = fresh.certificates;
  tables.names = fresh.names;
  tables.wildcardNames = fresh.wildcardNames;
  tables.listenerNames = fresh.listenerNames;
  tables.users = fresh.users;
  tables.trusts = fresh.trusts;
}

function setPart(tables: Tables, kind: PartKind, id: string, value: PartValues[PartKind] | undefined): void {
  if (kind === "host") setHost(tables, id, value as EdgeHost | undefined);
  else if (kind === "front") put(tables.fronts, id, value as EdgeFront | undefined);
  else if (kind === "alias") setAlias(tables.aliases, id, value as EdgeAlias | undefined);
  else if (kind === "tls") setCertificate(tables, id, value as string | undefined);
  else if (kind === "pool") put(tables.pools, id, value as EdgePool | undefined);
  else if (kind === "certificate") put(tables.certificates, id, value as EdgeCertificate | undefined);
  else if (kind === "users") put(tables.users, id, value as EdgeUsers | undefined);
  else if (kind === "trust") put(tables.trusts, id, value as EdgeTrust | undefined);
  else if (kind === "settings" && value !== undefined) tables.settings = value as EdgeSettings;
}

/** The key of a host that a Gateway's listener serves has the listener before the name (src/model/shapes/host-key.ts). */
function setHost(tables: Tables, id: string, host: EdgeHost | undefined): void {
  const bar = id.indexOf("|");
  if (bar < 0) return setByName(tables.hosts, tables.wildcards, id, host);
  const listener = id.slice(0, bar);
  const site = (tables.sites[listener] as Site | undefined) ?? { hosts: emptyTable(), wildcards: emptyTable() };
  setByName(site.hosts, site.wildcards, id.slice(bar + 1), host);
  put(tables.sites, listener, isEmpty(site.hosts) && isEmpty(site.wildcards) ? undefined : site);
}

/** Of a listener the name after its key says nothing: all its connections get one certificate. */
function setCertificate(tables: Tables, id: string, certificate: string | undefined): void {
  const bar = id.indexOf("|");
  if (bar < 0) setByName(tables.names, tables.wildcardNames, id, certificate);
  else put(tables.listenerNames, id.slice(0, bar), certificate);
}

/** The sixteen fields that requests read most. Room for one more would take twice the memory. */
const roomForRoute = (): Room<EdgeRoute> => ({
  path: false, pool: false, namespace: false, ingress: false, service: false, port: false, host: false, plain: false,
  canaries: false, total: false, https: false, profile: false, filters: false, balance: false, counts: false, tallies: false,
});

const roomForCanary = (): Room<EdgeCanary> => ({
  pool: false, name: false, namespace: false, from: false, to: false, header: false, value: false, pattern: false, cookie: false, balance: false,
  unbound: false, rollout: false, rolling: false, sticky: false, counts: false, tallies: false,
});

/** Gives the value of a frame the layout in which requests find it. While frames come, and not in the commit, which no request may wait for. */
function laidOut(frame: Frame & { op: "set" }, findsClients: boolean): Frame {
  if (frame.kind === "host") named(frame.value as EdgeHost, findsClients);
  else if (frame.kind === "settings" && findsClients) (frame.value as EdgeSettings).proxies ??= NO_PROXIES;
  else if (frame.kind === "pool") (frame.value as EdgePool).id = frame.id;
  return frame;
}

/** Nobody is believed but the PROXY protocol. */
const NO_PROXIES: Proxies = { header: "http_x_forwarded_for", trusted: {} };

/** Writes the host's name into its routes, and gives them and their canaries one layout. */
function named(host: EdgeHost, findsClients: boolean): void {
  host.routes = host.routes.map((given) => {
    const route = moveInto(roomForRoute(), given);
    route.host = host.name;
    if (findsClients) {
      delete route.plain;
      if (route.filters !== undefined) delete route.filters.early;
    }
    if (route.canaries !== undefined) route.canaries = route.canaries.map((canary) => moveInto(roomForCanary(), canary));
    return route;
  });
  shareTables(host);
}

/** What most hosts have: no exact path, and no prefix but `/` for their first route. They share one table of each, a sixth of what a host takes. */
const NO_EXACT: Record<string, number> = {};
const ROOT_ALONE: Record<string, number> = { "/": 0 };
const NO_LENGTHS: number[] = [];

function shareTables(host: EdgeHost): void {
  if (isEmpty(host.exact)) host.exact = NO_EXACT;
  if (host.lengths.length > 0) return;
  host.lengths = NO_LENGTHS;
  // Without lengths there is no other prefix.
  if (host.prefix["/"] === 0) host.prefix = ROOT_ALONE;
}

function isEmpty(table: Record<string, unknown>): boolean {
  for (const _ in table) return false;
  return true;
}

function setByName<T>(exact: Record<string, T>, wildcard: Record<string, T>, name: string, value: T | undefined): void {
  if (name.startsWith("*.")) put(wildcard, name.slice(1), value);
  else put(exact, name, value);
}

/** What the tables hold under a name: exact first, then `*.parent` for one label, then `_`. */
export function byName<T>(exact: Record<string, T>, wildcard: Record<string, T>, name: string): T | undefined {
  return exact[name] ?? byParent(wildcard, name) ?? exact[CATCH_ALL];
}

/** What the table of wildcards holds under the parent of a name whose first label a wildcard stands for. */
export function byParent<T>(wildcard: Record<string, T>, name: string): T | undefined {
  const dot = name.indexOf(".");
  if (dot <= 0) return undefined;
  const parent = wildcard[name.slice(dot)];
  return parent !== undefined && isLabel(name, dot) ? parent : undefined;
}

/** Letters, digits, `_` and `-`: what one label of a wildcard stands for in ingress-nginx. */
function isLabel(name: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const c = name.charCodeAt(i);
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
    if (!letter && !(c >= 48 && c <= 57) && c !== 45 && c !== 95) return false;
  }
  return true;
}
