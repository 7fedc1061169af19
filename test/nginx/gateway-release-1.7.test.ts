/** What the official suite of release 1.7 asks for and that of 1.6 does not, from files on real nginx; what it asks of statuses is in test/conformance/status.test.ts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { exactly, GATEWAY_CLASS, gatewayOf, grpcRoute, httpListener, httpRoute, prefix, ruleTo, serviceAt, type RouteGiven } from "../support/gateways.ts";
import { documents, tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startGrpc, type GrpcBackend } from "../support/protocol-backends.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

const HOST = "abc.example.com";
const [OLD, NEW] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];
const header = (name: string, value: string): object => ({ headers: [{ name, value }] });

/** A Gateway of its own with an older route to `a` and a newer one to `b`. */
interface Precedence {
  readonly what: string;
  readonly listener: string;
  readonly older: Pick<RouteGiven, "hostnames"> & { readonly match?: object };
  readonly newer: Pick<RouteGiven, "hostnames"> & { readonly match?: object };
  readonly asked: readonly (readonly [path: string, headers: Readonly<Record<string, string>>, taker: string])[];
}

const PRECEDENCE: readonly Precedence[] = [
  { what: "an exact name before a wildcard", listener: HOST, older: { hostnames: ["*.example.com"] }, newer: { hostnames: [HOST] }, asked: [["/", {}, "b"]] },
  {
    what: "an exact name before a wildcard with a longer path", listener: HOST, older: { hostnames: ["*.example.com"], match: prefix("/path/prefix") }, newer: { hostnames: [HOST], match: prefix("/path") },
    asked: [["/path/prefix/longer", {}, "b"]],
  },
  {
    what: "what the exact name does not take goes to the wildcard", listener: HOST,
    older: { hostnames: ["*.example.com"], match: { ...prefix("/path/prefix"), ...header("Header-B", "B") } }, newer: { hostnames: [HOST], match: { ...prefix("/path"), ...header("Header-A", "A") } },
    asked: [["/path/prefix/longer", { "header-a": "A", "header-b": "B" }, "b"], ["/path/prefix/longer", { "header-b": "B" }, "a"]],
  },
  { what: "a longer wildcard before a shorter one", listener: "*.example.com", older: { hostnames: ["*.com"] }, newer: { hostnames: ["*.example.com"] }, asked: [["/", {}, "b"]] },
  {
    what: "a longer wildcard before a shorter one with a longer path", listener: "*.example.com", older: { hostnames: ["*.com"], match: prefix("/path/prefix") }, newer: { hostnames: ["*.example.com"], match: prefix("/path") },
    asked: [["/path/prefix/longer", {}, "b"]],
  },
  {
    what: "what the longer wildcard does not take goes to the shorter one", listener: "*.example.com",
    older: { hostnames: ["*.com"], match: { ...prefix("/path/prefix"), ...header("Header-B", "B") } }, newer: { hostnames: ["*.example.com"], match: { ...prefix("/path"), ...header("Header-A", "A") } },
    asked: [["/path/prefix/longer", { "header-a": "A", "header-b": "B" }, "b"], ["/path/prefix/longer", { "header-b": "B" }, "a"]],
  },
];

const LONG = `long-${"a".repeat(248)}`;
const rewriting = (path: object): object => ({ filters: [{ type: "URLRewrite", urlRewrite: { path } }] });
const asking = (requestHeaderModifier: object): object => ({ filters: [{ type: "RequestHeaderModifier", requestHeaderModifier }] });
const called = (service: string, method: string): object => ({ method: { service, method } });

let echoes: EchoBackend[];
let calls: GrpcBackend[];
let sluice: Sluice;
let port: number;
let secure: number;

const addressOf = (index: number): string => `127.9.9.${index + 1}`;
const [PLAIN, LONGEST, CALLS, MORE_CALLS] = [100, 101, 102, 103].map(addressOf) as [string, string, string, string];
const https = (hostname?: string): object => ({ name: "tls", port: secure, protocol: "HTTPS", ...(hostname === undefined ? {} : { hostname }), tls: { certificateRefs: [{ name: "tls" }] } });

before(async () => {
  [echoes, calls, [port = 0, secure = 0]] = await Promise.all([Promise.all(["a", "b"].map((name) => startEcho(name))), Promise.all([startGrpc(), startGrpc(), startGrpc()]), freePorts(2)]);
  const precedence = PRECEDENCE.flatMap(({ listener, older, newer }, index) => [
    gatewayOf(`g${index}`, addressOf(index), [httpListener("http", port, { hostname: listener })]),
    ...([["older", "a", OLD, older], ["newer", "b", NEW, newer]] as const).map(([age, service, created, { hostnames = [], match }]) =>
      httpRoute({ name: `r${index}-${age}`, parents: [`g${index}`], created, hostnames, rules: [ruleTo(service, match === undefined ? {} : { matches: [match] })] })),
  ]);
  sluice = await startSluice({
    args: ["--gateway-api", "--gateway-addresses=127.9.9.0/24"],
    files: {
      "services.yaml": [...echoes.map(({ name, port: at }) => serviceAt(name, at)), ...calls.map(({ port: at }, index) => serviceAt(`calls-${index + 1}`, at))].join("---\n"),
      "tls.yaml": tlsSecret("tls", selfSigned(["*.example.com"], "*.example.com")),
      "gateways.yaml": documents(
        GATEWAY_CLASS, ...precedence, gatewayOf("plain", PLAIN, [httpListener("http", port)]), gatewayOf(LONG, LONGEST, [httpListener("http", port)]),
        gatewayOf("calls", CALLS, [https(HOST)]), gatewayOf("more", MORE_CALLS, [https()]),
      ),
      "routes.yaml": documents(
        httpRoute({ name: "order", parents: ["plain"], rules: [
          ruleTo("a", { matches: [{ ...exactly("/order"), headers: [{ name: "x-version", value: "one" }, { name: "x-color", value: "blue" }] }] }),
          ruleTo("b", { matches: [{ ...exactly("/order"), headers: [{ name: "x-color", value: "blue" }, { name: "x-version", value: "one" }] }] }),
          ruleTo("missing", { matches: [exactly("/invalid")] }), ruleTo("b", { matches: [exactly("/invalid")] }),
          { matches: [prefix("/full")], backendRefs: [{ name: "a", port: 80, ...rewriting({ type: "ReplaceFullPath", replaceFullPath: "/rewritten-full" }) }] },
          { matches: [prefix("/prefix")], backendRefs: [{ name: "a", port: 80, ...rewriting({ type: "ReplacePrefixMatch", replacePrefixMatch: "/rewritten-prefix" }) }] },
        ] }),
        httpRoute({ name: "long", parents: [LONG], rules: [ruleTo("a")] }),
        grpcRoute({ name: "older", parents: ["calls"], created: OLD, hostnames: ["*.example.com"], rules: [ruleTo("calls-1")] }),
        grpcRoute({ name: "newer", parents: ["calls"], created: NEW, hostnames: [HOST], rules: [ruleTo("calls-2", { matches: [called("echo", "Newer")] })] }),
        grpcRoute({ name: "shared", parents: ["calls", "more"], created: OLD, hostnames: [HOST], rules: [ruleTo("calls-1", { matches: [called("echo", "Shared")] })] }),
        grpcRoute({ name: "own", parents: ["more"], rules: [
          ruleTo("calls-3", { matches: [called("echo", "Own")] }),
          ruleTo("calls-3", { matches: [called("echo", "Changed")], ...asking({ set: [{ name: "X-Header-Set", value: "set" }], add: [{ name: "X-Header-Add", value: "added" }], remove: ["X-Header-Remove"] }) }),
        ] }),
      ),
    },
  });
});
after(async () => {
  await Promise.all([sluice?.stop(), ...[...(echoes ?? []), ...(calls ?? [])].map((one) => one.close())]);
});

for (const [index, { what, asked }] of PRECEDENCE.entries()) {
  test(`host names, whatever the age of the routes: ${what}`, async () => {
    for (const [path, headers, taker] of asked) assert.equal((await ask({ address: addressOf(index), port, host: HOST, path, headers })).echo?.backend, taker);
  });
}

test("of equal matches the first rule counts, in whatever order its conditions are written, and also where its backend is none", async () => {
  assert.equal((await ask({ address: PLAIN, port, path: "/order", headers: { "x-color": "blue", "x-version": "one" } })).echo?.backend, "a");
  assert.equal((await ask({ address: PLAIN, port, path: "/invalid" })).status, 500);
});

test("a backend's own filter rewrites the path", async () => {
  for (const [path, rewritten] of [["/full/original", "/rewritten-full"], ["/prefix/original", "/rewritten-prefix/original"]] as const) assert.equal((await ask({ address: PLAIN, port, path })).echo?.path, rewritten);
});

test("a Gateway may have the longest name that there is", async () => {
  assert.equal(LONG.length, 253);
  assert.equal((await ask({ address: LONGEST, port, path: "/" })).echo?.backend, "a");
});

const call = (address: string, method: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  ask({ address, port: secure, tls: true, http2: true, host: HOST, method: "POST", path: `/echo/${method}`, body: "hello", headers: { "content-type": "application/grpc", te: "trailers", ...headers } });

/** Number of the backend that took a call, from 1; or the status. */
async function whoTakes(address: string, method: string): Promise<number> {
  const before = calls.map((one) => one.calls());
  const { status } = await call(address, method);
  const taken = calls.findIndex((one, index) => one.calls() > (before[index] ?? 0));
  return taken < 0 ? status : taken + 1;
}

test("calls follow the same order of host names, and a route of two Gateways serves at both", async () => {
  assert.deepEqual([await whoTakes(CALLS, "Newer"), await whoTakes(CALLS, "Other"), await whoTakes(CALLS, "Shared")], [2, 1, 1]);
  assert.deepEqual([await whoTakes(MORE_CALLS, "Shared"), await whoTakes(MORE_CALLS, "Own"), await whoTakes(MORE_CALLS, "Newer")], [1, 3, 404]);
});

test("headers of calls are set, added to and removed, however they are written", async () => {
  const seen = async (headers: Readonly<Record<string, string>>): Promise<readonly (string | undefined)[]> => {
    const told = JSON.parse((await call(MORE_CALLS, "Changed", headers)).headers["x-seen"] ?? "{}") as Record<string, string>;
    return [told["x-header-set"], told["x-header-add"]?.replaceAll(", ", ","), told["x-header-remove"], told["x-other"]];
  };
  assert.deepEqual(await seen({ "x-other": "kept" }), ["set", "added", undefined, "kept"]);
  assert.deepEqual(await seen({ "x-header-set": "old", "x-header-add": "first", "x-header-remove": "1" }), ["set", "first,added", undefined, undefined]);
});
