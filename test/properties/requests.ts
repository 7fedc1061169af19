/**
 * Generated requests: mostly about what a generated routing declares, written in the odd ways that clients, scanners
 * and attackers use. A request is described by choices and becomes text once the routing is known.
 */
import * as fc from "fast-check";
import { CATCH_ALL } from "../../edge/src/program.ts";
import { canariesOf } from "../../src/model/shapes/routing.ts";
import type { Canary } from "../../src/model/shapes/routing.ts";
import { COOKIES, HEADERS, SEGMENTS, VALUES, type Routing } from "./programs.ts";

export interface Request {
  readonly tls: boolean;
  /** The value of the Host header. All texts of a request are bytes in latin-1. */
  readonly host: string;
  readonly target: string;
  /** Further header lines. */
  readonly headers: readonly string[];
  /** Whether the request line has the whole URL. */
  readonly absolute: boolean;
}

const hostChoice = fc.record({
  pick: fc.nat(),
  label: fc.oneof({ weight: 9, arbitrary: fc.constantFrom("a", "b", "x-1", "A_b", "a.b", "é", "xn--e1a", "0") }, fc.constantFrom("", "a b", "a/b")),
  port: fc.constantFrom("", "", "", ":80", ":8443", ":", ":x"),
  upper: fc.boolean(),
  dot: fc.boolean(),
  stray: fc.option(fc.constantFrom("localhost", "127.0.0.1", "[::1]", "[::1]:8080", "_", "[::1", ".", "..", "-", "É.example.com", "*.example.com", "K.com"), { freq: 9 }),
});

/** How one character of a path is written. */
const writing = fc.constantFrom("plain", "plain", "plain", "percent", "percent lower");
/** Odd pieces before a path. Those that nginx answers with 400 are rare, because after a 400 nothing else of the request is tested. */
const insertion = fc.oneof(
  { weight: 20, arbitrary: fc.constant("") },
  { weight: 10, arbitrary: fc.constantFrom("/", "/.", "/./", "/x/..", "/%2e", "//", "/x/%2E%2e/", "%2f", "/...", "/x/.%2e") },
  { weight: 1, arbitrary: fc.constantFrom("/..", "%00", "%zz", "%4", "%", "/%2E%2e") },
);

const targetChoice = fc.record({
  host: fc.nat(),
  pick: fc.nat(),
  writing: fc.array(writing, { maxLength: 12 }),
  before: insertion,
  after: fc.constantFrom("", "", "", "", "/", "/", "/x", "x", "//", "/.", "/x/..", "%2f", "/%2e%2e/", ".", "%20", "?", "%3F"),
  stray: fc.option(fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 3 }), { freq: 6 }),
  swapCase: fc.boolean(),
  query: fc.constantFrom("", "", "?", "?a=b", "?a=/", "?/../", "?%zz", "?a?b", "/?x/"),
});

const headerChoice = fc.oneof(
  fc.tuple(fc.constantFrom(...HEADERS), fc.constantFrom(...VALUES), fc.constantFrom(": ", ":", ":  ", ":\t"), fc.constantFrom("", " ", "\t"), fc.boolean()),
  fc.tuple(fc.constant("Cookie"), cookieHeader(), fc.constantFrom(": ", ":"), fc.constant(""), fc.boolean()),
);

function cookieHeader(): fc.Arbitrary<string> {
  const piece = fc
    .tuple(fc.constantFrom("", " ", "  "), fc.constantFrom(...COOKIES, "LIKE", "x", ""), fc.constantFrom("=", " = ", "", "==", "= "), fc.constantFrom("always", "never", "", "x", "always ", "a,like=never"))
    .map((parts) => parts.join(""));
  return fc.tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.constantFrom(";", "; ", ",", ";;", " ; ")).map(([pieces, between]) => pieces.join(between));
}

/** Headers and cookies that a canary of the routing looks at. */
const aimChoice = fc.record({
  pick: fc.nat(),
  value: fc.constantFrom("its own", "its own", "always", "never", "v1", "YES", "a", "aab1", "b-a", "a b", "ab."),
  underscores: fc.boolean(),
  first: fc.boolean(),
});

export const requestChoice = fc.record({
  host: hostChoice,
  target: targetChoice,
  headers: fc.array(headerChoice, { maxLength: 4 }),
  aims: fc.array(aimChoice, { maxLength: 2 }),
  absolute: fc.boolean(),
  tls: fc.constantFrom(false, false, false, true),
});
export type RequestChoice = typeof requestChoice extends fc.Arbitrary<infer T> ? T : never;

export function requestOf(choice: RequestChoice, routing: Routing): Request {
  const host = bytes(hostText(choice.host, routing));
  return {
    tls: choice.tls,
    host,
    target: targetText(choice.target, routing),
    headers: headersOf(choice, routing).map(bytes),
    absolute: choice.absolute && /^[a-z0-9.-]+(?::[0-9]+)?$/i.test(host),
  };
}

/** The header lines. No name but Cookie is repeated: versions of nginx differ in what several headers of one name mean. */
function headersOf({ headers, aims }: RequestChoice, { hosts }: Routing): string[] {
  const canaries = hosts.flatMap(({ root, routes }) => [root, ...routes]).flatMap((route) => canariesOf(route.backend));
  const aimed = aims.flatMap((aim) => aimedAt(canaries[aim.pick % Math.max(1, canaries.length)], aim));
  const others = headers.map(([name, value, between, after, upper]) => `${upper ? name.toUpperCase() : name}${between}${value}${after}`);
  const seen = new Set(["host"]);
  return (aims[0]?.first ? [...aimed, ...others] : [...others, ...aimed]).filter((line) => {
    const name = line.slice(0, line.indexOf(":")).toLowerCase().replaceAll("_", "-");
    if (name !== "cookie" && seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function aimedAt(canary: Canary | undefined, { value, underscores }: RequestChoice["aims"][number]): string[] {
  const own = canary?.headerValue ?? (canary?.headerPattern ? "v1" : "always");
  const header = underscores ? canary?.header?.replaceAll("-", "_") : canary?.header?.replaceAll("_", "-");
  return [
    ...(header === undefined ? [] : [`${header}: ${value === "its own" ? own : value}`]),
    ...(canary?.cookie === undefined ? [] : [`Cookie: x=y; ${canary.cookie}=${value === "its own" ? "always" : value}`]),
  ];
}

function hostText({ pick, label, port, upper, dot, stray }: RequestChoice["host"], { hosts, aliases }: Routing): string {
  const names = [...hosts, ...aliases].map((one) => one.name);
  const declared = (names[pick % names.length] ?? "").replace(/^~.*/, "x1.com");
  const name = stray ?? (declared === CATCH_ALL ? "nobody.example" : declared.replace("*", label));
  const cased = upper ? name.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : name;
  return `${cased}${dot ? "." : ""}${stray?.startsWith("[") ? "" : port}`;
}

function targetText(choice: RequestChoice["target"], { hosts }: Routing): string {
  const host = hosts[choice.host % hosts.length];
  const paths = ["/", ...(host?.routes.map((route) => route.path) ?? [])];
  const declared = choice.stray ? `/${choice.stray.join("/")}` : literal(paths[choice.pick % paths.length] ?? "/");
  const cased = choice.swapCase ? declared.replace("a", "A") : declared;
  const written = [...Buffer.from(cased, "utf8")].map((byte, index) => write(byte, index === 0 ? "plain" : (choice.writing[index % Math.max(1, choice.writing.length)] ?? "plain")));
  return `${choice.before === "" || choice.before.startsWith("/") ? choice.before : `/${choice.before}`}${written.join("")}${choice.after}${choice.query}`;
}

/** Turns a path that is an expression into one that it may match; other paths stay. */
function literal(path: string): string {
  if (!/[()[\]]|\.\*/.test(path)) return path;
  return path.replace("(/|$)", "/").replace("(a|foo)", "Foo").replace("(a|b)?", "b").replace(/\[.*?\]\+?/g, "a").replace("(/.*)?", "/x").replace(/\(?\.\*\)?/g, "..x%/y z").replace(/\\w\+/, "ab");
}

/** One byte of a path as it is written. Bytes that would end the path, the line or the request are always escaped. */
function write(byte: number, how: string): string {
  const must = byte <= 0x20 || byte === 0x7f || byte === 0x23 || byte === 0x25 || byte === 0x3f;
  if (how === "plain" && !must) return String.fromCharCode(byte);
  const hex = byte.toString(16).padStart(2, "0");
  return `%${how === "percent" ? hex.toUpperCase() : hex}`;
}

function bytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The text of the whole request, as it goes over the wire. */
export function wire({ host, target, headers, absolute, tls }: Request): string {
  const line = `GET ${absolute ? `${tls ? "https" : "http"}://${host}` : ""}${target} HTTP/1.1`;
  return [line, `Host: ${host}`, ...headers, "", ""].join("\r\n");
}
