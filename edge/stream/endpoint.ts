/**
 * Chooses the endpoint of one connection or UDP session, inside the nginx that serves ports below http.
 *
 * That nginx has no Lua; it runs JavaScript (njs), synchronously and with nothing that lasts from one session to the
 * next. The endpoints lie in files that the agent swaps at every change. So a change needs no reload, and the choice
 * depends on no process that could be gone: no controller, no agent, no other nginx.
 *
 * Runs in njs 0.7.9 and on Node: what njs lacks (destructuring, classes, optional chaining) is not used here, or written
 * anew by scripts/build-edge.ts.
 */
import fs from "fs";

/** What njs knows of a session. */
export interface Session {
  readonly variables: Record<string, string | undefined>;
  allow(): void;
  deny(): void;
}

/** How long an endpoint that could not be connected to is left out; nginx's own measure (fail_timeout). */
const FAILED_MS = 10000;
/** Bytes. When the file of failures is longer, failures that no longer count are taken out of it. */
const LONG_FILE = 8192;

/** Longest name that DNS has. */
const LONGEST_NAME = 253;

/** Over so many files passed-through hosts are spread, so that each file has only a few even where there are thousands. */
const HOST_FILES = 1024;

/** Name of the file that has the line of an id. */
export function fileOf(id: string): string {
  if (id.startsWith("tls ")) return "tls-" + (hash(id) % HOST_FILES);
  return id.split(" ").join("-");
}

/** What a file says of an id; undefined when it knows none. */
export interface Choice {
  /** Sessions of one client, or of one client's port, keep to their endpoint; "": they are spread by chance. */
  readonly keep: string;
  readonly endpoints: string[];
}

/** What the file's line of an id says. The line: `id`, `keep`, endpoints separated by spaces; tabs in between. */
export function choiceIn(text: string, id: string): Choice | undefined {
  const start = text.indexOf("\n" + id + "\t");
  if (start < 0) return undefined;
  const from = start + id.length + 2;
  const tab = text.indexOf("\t", from);
  const end = text.indexOf("\n", tab);
  const list = text.substring(tab + 1, end);
  return { keep: text.substring(from, tab), endpoints: list === "" ? [] : list.split(" ") };
}

/**
 * The endpoint with the highest score for this client. When endpoints come and go, only the clients of those that went,
 * and a fair share for those that came, move (rendezvous hashing).
 */
export function keptEndpoint(endpoints: string[], client: string): string {
  let best = "";
  let highest = -1;
  for (let i = 0; i < endpoints.length; i++) {
    const endpoint = endpoints[i] as string;
    const score = hash(client + " " + endpoint);
    if (score > highest) {
      highest = score;
      best = endpoint;
    }
  }
  return best;
}

/** FNV-1a, its bits mixed once more so that texts that differ in the last letter score far apart. */
function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The server name as the file writes it; "" for what is no name: no file has a line for it. */
export function nameInFile(name: string | undefined): string {
  if (name === undefined || name.length > LONGEST_NAME || !/^[A-Za-z0-9._-]+$/.test(name)) return "";
  return name.toLowerCase();
}

/** The lines of a file of failures (`milliseconds endpoint`) that still count. */
export function recentFailures(text: string, now: number): string[] {
  return text.split("\n").filter((line) => now - Number(line.split(" ")[0]) < FAILED_MS && line !== "");
}

/** The endpoints without those that failed; all endpoints when every one has failed. */
export function withoutFailed(endpoints: string[], failures: string[]): string[] {
  if (failures.length === 0) return endpoints;
  const failed = failures.map((line) => line.split(" ")[1]);
  const rest = endpoints.filter((endpoint) => failed.indexOf(endpoint) < 0);
  return rest.length === 0 ? endpoints : rest;
}

function readFailures(s: Session): string[] {
  const file = s.variables["sluice_failures"] as string;
  if (file === "") return [];
  try {
    return recentFailures(fs.readFileSync(file, "utf8"), Date.now());
  } catch {
    return [];
  }
}

/** Notes that the endpoint of a session failed. nginx evaluates this variable when it logs a session that did not reach its endpoint. */
function failed(s: Session): string {
  const file = s.variables["sluice_failures"] as string;
  const line = Date.now() + " " + (s.variables["upstream_addr"] as string) + "\n";
  try {
    if (fs.statSync(file).size > LONG_FILE) fs.writeFileSync(file, readFailures(s).join("\n") + "\n" + line);
    else fs.appendFileSync(file, line);
  } catch {
    // A failure that could not be noted means only that the endpoint is tried again.
  }
  return "";
}

function lookUp(s: Session, id: string): Choice | undefined {
  const file = s.variables["sluice_endpoints"] + "/" + fileOf(id);
  try {
    // Most hosts have no file, and an exception costs njs ten times as much as all the rest.
    if (fs.statSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
    return choiceIn(fs.readFileSync(file, "utf8"), id);
  } catch {
    return undefined;
  }
}

/** The endpoint of a session; "": there is none. */
function chooseFrom(s: Session, choice: Choice | undefined): string {
  if (choice === undefined || choice.endpoints.length === 0) return "";
  const endpoints = choice.endpoints.length === 1 ? choice.endpoints : withoutFailed(choice.endpoints, readFailures(s));
  const variables = s.variables;
  if (choice.keep === "address") return keptEndpoint(endpoints, variables["remote_addr"] as string);
  if (choice.keep === "flow") return keptEndpoint(endpoints, variables["remote_addr"] + " " + variables["remote_port"]);
  return endpoints[Math.floor(Math.random() * endpoints.length)] as string;
}

/** The endpoint of a session on a listener. */
function endpoint(s: Session): string {
  return chooseFrom(s, lookUp(s, s.variables["sluice_listener"] as string));
}

/** A session without an endpoint ends before anything is proxied. */
function allowSession(s: Session): void {
  if (s.variables["sluice_endpoint"] === "") s.deny();
  else s.allow();
}

/**
 * The socket that a TLS connection on the https port goes to: that of the nginx of http, or one past it for a host that
 * is passed through. For a passed-through host without endpoints the connection is closed: its clients expect the
 * backend's certificate and no other.
 */
function way(s: Session): string {
  const choice = lookUp(s, "tls " + nameInFile(s.variables["ssl_preread_server_name"]));
  const sockets = s.variables["sluice_sockets"] as string;
  if (choice === undefined) return "unix:" + sockets + "/https.sock";
  return "unix:" + sockets + (choice.endpoints.length === 0 ? "/closed.sock" : "/passthrough.sock");
}

/** The endpoint of a TLS connection that is passed through. */
function passthrough(s: Session): string {
  return chooseFrom(s, lookUp(s, "tls " + nameInFile(s.variables["ssl_preread_server_name"])));
}

export default { endpoint, admit: allowSession, way, passthrough, failed };
