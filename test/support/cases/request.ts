/** A request of requests.yaml, and what is expected of its answer. */
import { keys, list, mapped, table, text, type Table } from "./shape.ts";

export interface CaseRequest {
  /** The request as the file has it, for messages. */
  readonly ask: string;
  readonly method: string;
  readonly url: string;
  readonly tls: boolean;
  /** Host header, as written in the URL. */
  readonly host: string;
  /** Path and query, as written. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly http2: boolean;
  /** SNI, where it is not the host. */
  readonly serverName?: string;
  /** A client with this name, which sends the cookies that it was given, and shows its certificate of certificates.yaml. */
  readonly client?: string;
  /** TLS 1.2 with these ciphers. */
  readonly ciphers?: string;
  readonly times: number;
  readonly expect: Expect;
}

export interface Expect {
  readonly status: number;
  /** Service that answers: `web` or `shop/web`. */
  readonly backend?: string;
  /** Exactly these endpoints answer, over all times. */
  readonly endpoints?: readonly string[];
  /** One endpoint answers all times, and it is the one that this client had before. */
  readonly sameEndpoint?: boolean;
  /** Service → its share of the requests in per cent. */
  readonly shares?: Readonly<Record<string, number>>;
  /** What the backend saw: path with query, Host, other headers (null: absent). */
  readonly path?: string;
  readonly host?: string;
  readonly seen?: Readonly<Record<string, string | null>>;
  /** Headers of the answer (null: absent; `*`: present; `~ …`: matches); `location` is the header of that name. */
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  /** The answer's body has this in it. */
  readonly text?: string;
  /** The handshake chose this cipher. */
  readonly cipher?: string;
  /** `namespace/name` of the Secret whose certificate was shown, or `default`. */
  readonly certificate?: string;
}

const REQUEST_KEYS = ["ask", "headers", "body", "bodySize", "http2", "serverName", "client", "ciphers", "times", "expect"];
const EXPECT_KEYS = ["status", "backend", "endpoints", "sameEndpoint", "shares", "path", "host", "seen", "location", "headers", "text", "cipher", "certificate"];

export function requestsOf(requests: readonly unknown[], where: string): readonly CaseRequest[] {
  return requests.map((one, index) => requestOf(table(one, `${where} request ${index}`), `${where} request ${index}`));
}

function requestOf(given: Table, where: string): CaseRequest {
  keys(given, REQUEST_KEYS, where);
  const ask = text(given["ask"]);
  const [, method = "GET", url = "", scheme = "", host = "", path = ""] = /^(?:([A-Z]+) )?((https?):\/\/([^/?]*)(.*))$/.exec(ask) ?? [];
  if (url === "") throw new Error(`${where}: "${ask}" is not "METHOD http://host/path"`);
  return {
    ask,
    method,
    url,
    tls: scheme === "https",
    host,
    path: path === "" ? "/" : path,
    headers: mapped(given["headers"] ?? {}, where, text),
    body: given["bodySize"] === undefined ? text(given["body"] ?? "") : "x".repeat(Number(given["bodySize"])),
    http2: given["http2"] === true,
    ...(given["serverName"] === undefined ? {} : { serverName: text(given["serverName"]) }),
    ...(given["ciphers"] === undefined ? {} : { ciphers: text(given["ciphers"]) }),
    times: Number(given["times"] ?? 1),
    ...(given["client"] === undefined ? {} : { client: text(given["client"]) }),
    expect: expectOf(table(given["expect"], where), where),
  };
}

function expectOf(given: Table, where: string): Expect {
  keys(given, EXPECT_KEYS, where);
  const served = ["backend", "endpoints", "sameEndpoint", "shares"].some((key) => key in given);
  if (!served && given["status"] === undefined) throw new Error(`${where}: say which backend or status is expected`);
  const words = (key: "backend" | "path" | "host" | "location" | "text" | "cipher" | "certificate"): object =>
    given[key] === undefined ? {} : { [key]: text(given[key]) };
  const textOrNull = (value: unknown): string | null => (value === null ? null : text(value));
  return {
    status: Number(given["status"] ?? 200),
    ...words("backend"),
    ...words("path"),
    ...words("host"),
    ...words("location"),
    ...words("text"),
    ...words("cipher"),
    ...words("certificate"),
    ...(given["endpoints"] === undefined ? {} : { endpoints: list(given["endpoints"], where).map(text) }),
    ...(given["sameEndpoint"] === undefined ? {} : { sameEndpoint: given["sameEndpoint"] === true }),
    ...(given["shares"] === undefined ? {} : { shares: mapped(given["shares"], where, Number) }),
    ...(given["seen"] === undefined ? {} : { seen: mapped(given["seen"], where, textOrNull) }),
    ...(given["headers"] === undefined ? {} : { headers: mapped(given["headers"], where, textOrNull) }),
  };
}
