/** Sends the requests of a case to real nginx, and holds the answers to what is expected and to the matcher on Node. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { DEFAULT_BACKEND } from "../../../edge/src/program.ts";
import { ask, type Answer } from "../client.ts";
import type { KeyPair } from "../openssl.ts";
import type { Client } from "./certificates.ts";
import type { Sluice } from "../sluice.ts";
import type { Refusal } from "./explained.ts";
import { SNIPPET, type Outcome } from "./matcher.ts";
import type { Network } from "./network.ts";
import type { CaseRequest, Expect } from "./request.ts";

export interface Asking {
  readonly sluice: Sluice;
  readonly network: Network;
  readonly certificates: ReadonlyMap<string, KeyPair>;
  readonly outcomes: (request: CaseRequest) => ReadonlySet<Outcome> | undefined;
  readonly refusal: (request: CaseRequest) => Refusal | undefined;
  /** Clients that have a certificate, by name. */
  readonly clients: ReadonlyMap<string, Client>;
  /** What clients keep between requests, by name of the client. */
  readonly jars: Map<string, Jar>;
}

/** What a client keeps from one request to the next. */
export interface Jar {
  readonly cookies: Map<string, string>;
  endpoint?: string;
}

/** Requests that go out at a time, over as many connections, so that every worker gets some. */
const CONNECTIONS = 16;
/** Half the width of the interval for a share, in standard deviations: a right share lies outside once in some two million tries. */
const DEVIATIONS = 5;

export async function check(asked: CaseRequest, asking: Asking): Promise<void> {
  const jar = jarOf(asked, asking);
  const request = withCookies(asked, jar);
  const answers = await send(request, asking);
  const possible = asking.outcomes(request);
  const refusal = asking.refusal(request);
  for (const answer of answers) {
    checkAnswer(request.expect, answer, asking);
    if (possible) checkMatcher(answer, possible);
    if (refusal) checkRefusal(answer, refusal);
  }
  checkTogether(request.expect, answers, asking.network);
  checkEndpoint(request.expect, answers, jar, asking.network);
  for (const answer of answers) keepCookies(answer, jar);
}

/** An error page may come with a status of its own. */
function checkRefusal({ status, echo }: Answer, refusal: Refusal): void {
  if (echo?.headers["x-code"] !== undefined || (refusal.limited && status >= 400)) return;
  assert.equal(status, refusal.status, `explain says that a check refuses it with ${refusal.status}`);
}

function jarOf({ client: name }: CaseRequest, { jars }: Asking): Jar {
  const jar = (name === undefined ? undefined : jars.get(name)) ?? { cookies: new Map() };
  if (name !== undefined) jars.set(name, jar);
  return jar;
}

function withCookies(request: CaseRequest, { cookies }: Jar): CaseRequest {
  const all = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  return all === "" ? request : { ...request, headers: { Cookie: all, ...request.headers } };
}

function keepCookies({ headers }: Answer, { cookies }: Jar): void {
  const [, name, value] = /^([^=;]+)=([^;]*)/.exec(headers["set-cookie"] ?? "") ?? [];
  if (name !== undefined && value !== undefined) cookies.set(name, value);
}

function checkEndpoint({ sameEndpoint }: Expect, answers: readonly Answer[], jar: Jar, network: Network): void {
  const endpoints = [...new Set(answers.map((answer) => endpointOf(answer, network)))];
  if (sameEndpoint === true) {
    assert.equal(endpoints.length, 1, `${endpoints.join(", ")} answered`);
    if (jar.endpoint !== undefined) assert.equal(endpoints[0], jar.endpoint, "another endpoint than before");
  }
  if (endpoints[0] !== undefined) jar.endpoint = endpoints[0];
}

async function send(request: CaseRequest, { sluice, clients }: Asking): Promise<Answer[]> {
  const { tls, http2, method, host, path, headers, body, serverName, client, ciphers, times } = request;
  const pair = client === undefined ? undefined : clients.get(client);
  const options = { keepAlive: true, maxSockets: CONNECTIONS };
  const agent = times === 1 || http2 ? undefined : tls ? new HttpsAgent(options) : new HttpAgent(options);
  const one = (): Promise<Answer> =>
    ask({
      port: tls ? sluice.https : sluice.http,
      tls, http2, method, host, path, headers,
      ...(body === "" ? {} : { body }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(pair ? { client: pair } : {}),
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(agent ? { agent } : {}),
    });
  try {
    return await Promise.all(Array.from({ length: times }, one));
  } finally {
    agent?.destroy();
  }
}

/** `{http}` and `{https}` in an expected location: the ports of this run. */
function withPorts(location: string, { http, https }: Sluice): string {
  return location.replace("{http}", String(http)).replace("{https}", String(https));
}

function checkAnswer(expect: Expect, answer: Answer, { network, certificates, sluice }: Asking): void {
  assert.equal(answer.status, expect.status, `status; the answer is ${answer.text}`);
  if (expect.backend !== undefined) assert.equal(serviceOf(answer, expect.backend), expect.backend);
  if (expect.backend === undefined && !expect.endpoints && !expect.shares && !expect.sameEndpoint) assert.equal(answer.echo, undefined, "a backend answered");
  if (expect.path !== undefined) assert.equal(answer.echo?.path, expect.path);
  if (expect.host !== undefined) assert.equal(answer.echo?.headers["host"], expect.host);
  if (expect.location !== undefined) assert.equal(answer.headers["location"], withPorts(expect.location, sluice));
  if (expect.endpoints) assert.ok(expect.endpoints.includes(endpointOf(answer, network)), `${endpointOf(answer, network)} answered`);
  checkHeaders(expect.headers, answer.headers, "answer");
  checkHeaders(expect.seen, answer.echo?.headers ?? {}, "request as the backend saw it");
  if (expect.text !== undefined) assert.ok(answer.text.includes(expect.text), `"${expect.text}" is missing in ${answer.text}`);
  if (expect.cipher !== undefined) assert.equal(answer.cipher, expect.cipher);
  if (expect.certificate !== undefined) assert.equal(certificateOf(answer, certificates), expect.certificate);
}

function checkHeaders(expected: Expect["headers"], actual: Readonly<Record<string, string>>, what: string): void {
  for (const [name, wanted] of Object.entries(expected ?? {})) {
    const value = actual[name.toLowerCase()];
    if (wanted === "*") assert.notEqual(value, undefined, `${name} is missing in the ${what}`);
    else if (wanted?.startsWith("~ ")) assert.match(value ?? "", new RegExp(wanted.slice(2)), `${name} of the ${what}`);
    else assert.equal(value ?? null, wanted, `${name} of the ${what}`);
  }
}

/** nginx may refuse what a backend would have got (a body that is too large): then the matcher has no say. */
function checkMatcher({ status, echo }: Answer, possible: ReadonlySet<Outcome>): void {
  const said = [...possible].join(" or ");
  // An error page comes from another backend than the one that the matcher chose.
  if (echo?.headers["x-original-uri"] !== undefined && echo.headers["x-code"] !== undefined) return;
  if (echo) assert.ok([...possible].some((one) => isPoolOf(one, echo.backend)), `${echo.backend} answered, the matcher on Node says ${said}`);
  else if (possible.has(SNIPPET)) return;
  else if (status < 400 || status === 404 || status === 503) assert.ok(possible.has(status), `${status}, the matcher on Node says ${said}`);
}

function isPoolOf(outcome: Outcome, backend: string): boolean {
  return typeof outcome === "string" && (outcome.startsWith(`${backend}/`) || outcome === DEFAULT_BACKEND);
}

function checkTogether(expect: Expect, answers: readonly Answer[], network: Network): void {
  if (expect.endpoints) {
    assert.deepEqual([...new Set(answers.map((answer) => endpointOf(answer, network)))].sort(), [...expect.endpoints].sort());
  }
  const count = answers.length;
  for (const [service, percent] of Object.entries(expect.shares ?? {})) {
    const share = percent / 100;
    const got = answers.filter((answer) => serviceOf(answer, service) === service).length;
    const slack = DEVIATIONS * Math.sqrt(count * share * (1 - share));
    assert.ok(Math.abs(got - count * share) <= slack, `${service} got ${got} of ${count}; ${percent} % ± ${Math.ceil(slack)} was expected`);
  }
}

/** The Service that answered, with its namespace if the expected name has one. */
function serviceOf({ echo }: Answer, like: string): string | undefined {
  return like.includes("/") ? echo?.backend : echo?.backend.split("/")[1];
}

function endpointOf({ echo }: Answer, network: Network): string {
  return network.toPods(echo?.endpoint ?? "nobody");
}

function certificateOf({ certificate }: Answer, certificates: ReadonlyMap<string, KeyPair>): string {
  const shown = certificate?.raw;
  if (!shown) return "none";
  for (const [secret, { chain }] of certificates) if (new X509Certificate(chain).raw.equals(shown)) return secret;
  return "default";
}
