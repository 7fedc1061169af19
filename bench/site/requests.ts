/**
 * Single requests to the hosts of the benchmark and what every proxy that can do it answers: a proxy is measured only if
 * it does what the others do.
 */
import { CANARY_COOKIE, CANARY_HEADER, ORIGIN, PREFIX, USER, type Feature } from "./site.ts";

export interface SiteRequest {
  /** Asked of proxies that can do this. */
  readonly needs: Feature;
  readonly host: string;
  readonly method?: "GET" | "OPTIONS" | "POST";
  readonly path?: string;
  /** `name: value`. */
  readonly headers?: readonly string[];
  readonly https?: true;
  /** HTTP/2, over TLS. */
  readonly http2?: true;
  /** Bytes of the request's body. */
  readonly body?: number;
  readonly status: number;
  /** The answer's whole text. */
  readonly text?: string;
  /** A header of the answer, name in lower case, and what its value begins with. */
  readonly header?: readonly [name: string, start: string];
}

const BASIC = `authorization: Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString("base64")}`;
const WRONG = `authorization: Basic ${Buffer.from(`${USER.name}:wrong`).toString("base64")}`;
const HEADER = `${CANARY_HEADER.name}: ${CANARY_HEADER.value}`;
const COOKIE = `cookie: ${CANARY_COOKIE.name}=${CANARY_COOKIE.value}`;

/** Headers that workloads send, too. */
export const SENT = { basic: BASIC, header: HEADER, cookie: COOKIE, origin: `origin: ${ORIGIN}` } as const;

const FIRST = { status: 200, text: "first\n" } as const;
const SECOND = { status: 200, text: "second\n" } as const;

export const SITE_REQUESTS: readonly SiteRequest[] = [
  { needs: "plain", host: "plain.bench", ...FIRST },
  { needs: "plain", host: "PLAIN.bench", ...FIRST },
  { needs: "plain", host: "plain.bench", path: "/4k", status: 200, header: ["content-length", "4096"] },
  { needs: "plain", host: "plain.bench", path: "/empty", status: 200, text: "" },
  { needs: "plain", host: "plain.bench", method: "POST", path: "/upload", body: 1 << 20, ...FIRST },
  { needs: "plain", host: "nobody.bench", status: 404 },
  { needs: "https", host: "tls.bench", https: true, ...FIRST, header: ["strict-transport-security", "max-age="] },
  { needs: "paths", host: "paths.bench", ...FIRST },
  { needs: "paths", host: "paths.bench", path: "/p37/x", ...SECOND },
  { needs: "paths", host: "paths.bench", path: "/p37x", ...FIRST },
  { needs: "regex", host: "regex.bench", path: "/r9/abc/123", ...SECOND },
  { needs: "regex", host: "regex.bench", path: "/r8/abc/123", ...FIRST },
  { needs: "regex", host: "regex.bench", path: "/r8/abc/x", status: 404 },
  { needs: "weight", host: "weight.bench", status: 200 },
  { needs: "header", host: "header.bench", ...FIRST },
  { needs: "header", host: "header.bench", headers: [HEADER], ...SECOND },
  { needs: "cookie", host: "cookie.bench", ...FIRST },
  { needs: "cookie", host: "cookie.bench", headers: [COOKIE], ...SECOND },
  { needs: "sticky", host: "sticky.bench", status: 200, header: ["set-cookie", "route="] },
  { needs: "limits", host: "limits.bench", ...FIRST },
  { needs: "networks", host: "networks.bench", ...FIRST },
  { needs: "basic", host: "basic.bench", status: 401 },
  { needs: "basic", host: "basic.bench", headers: [WRONG], status: 401 },
  { needs: "basic", host: "basic.bench", headers: [BASIC], ...FIRST },
  { needs: "external", host: "external.bench", ...FIRST },
  { needs: "external", host: "external.bench", headers: ["x-deny: yes"], status: 401 },
  { needs: "cors", host: "cors.bench", headers: [`origin: ${ORIGIN}`], ...FIRST, header: ["access-control-allow-origin", ORIGIN] },
  { needs: "cors", host: "cors.bench", method: "OPTIONS", headers: [`origin: ${ORIGIN}`, "access-control-request-method: GET"], status: 204, header: ["access-control-allow-methods", "GET"] },
  {
    needs: "grpc", host: "grpc.bench", method: "POST", path: "/bench.Echo/Call", headers: ["content-type: application/grpc", "te: trailers"], https: true, http2: true, body: 5,
    status: 200, text: "\0".repeat(5), header: ["content-type", "application/grpc"],
  },
  { needs: "rewrite", host: "rewrite.bench", path: `${PREFIX}/rewritten`, status: 200, text: "rewritten\n" },
];
