/** Sends the requests of a case to real nginx, and holds the answers to what is expected and to the matcher on Node. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { DEFAULT_BACKEND } from "../../../edge/src/program.ts";
import { ask, type Answer } from "../client.ts";
import type { KeyPair } from "../openssl.ts";
import type { Sluice } from "../sluice.ts";
import type { Outcome } from "./matcher.ts";
import type { Network } from "./network.ts";
import type { CaseRequest, Expect } from "./request.ts";

export interface Asking {
  readonly sluice: Sluice;
  readonly network: Network;
  readonly certificates: ReadonlyMap<string, KeyPair>;
  readonly outcomes: (request: CaseRequest) => ReadonlySet<Outcome>;
}

/** Requests that go out at a time, over as many connections, so that every worker gets some. */
const CONNECTIONS = 16;
/** Half the width of the interval for a share: wrong once in some two million tries. */
const DEVIATIONS = 5;

export async function check(request: CaseRequest, asking: Asking): Promise<void> {
  const answers = await send(request, asking.sluice);
  const possible = asking.outcomes(request);
  for (const answer of answers) {
    checkAnswer(request.expect, answer, asking);
    checkMatcher(answer, possible);
  }
  checkTogether(request.expect, answers, asking.network);
}

async function send(request: CaseRequest, sluice: Sluice): Promise<Answer[]> {
  const { tls, http2, method, host, path, headers, body, serverName, times } = request;
  const options = { keepAlive: true, maxSockets: CONNECTIONS };
  const agent = times === 1 || http2 ? undefined : tls ? new HttpsAgent(options) : new HttpAgent(options);
  const one = (): Promise<Answer> =>
    ask({
      port: tls ? sluice.https : sluice.http,
      tls, http2, method, host, path, headers,
      ...(body === "" ? {} : { body }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(agent ? { agent } : {}),
    });
  try {
    return await Promise.all(Array.from({ length: times }, one));
  } finally {
    agent?.destroy();
  }
}

function checkAnswer(expect: Expect, answer: Answer, { network, certificates }: Asking): void {
  assert.equal(answer.status, expect.status, `status; the answer is ${answer.text}`);
  if (expect.backend !== undefined) assert.equal(serviceOf(answer, expect.backend), expect.backend);
  if (expect.backend === undefined && !expect.endpoints && !expect.shares) assert.equal(answer.echo, undefined, "a backend answered");
  if (expect.path !== undefined) assert.equal(answer.echo?.path, expect.path);
  if (expect.host !== undefined) assert.equal(answer.echo?.headers["host"], expect.host);
  if (expect.location !== undefined) assert.equal(answer.headers["location"], expect.location);
  if (expect.endpoints) assert.ok(expect.endpoints.includes(endpointOf(answer, network)), `${endpointOf(answer, network)} answered`);
  checkHeaders(expect.headers, answer.headers, "answer");
  checkHeaders(expect.seen, answer.echo?.headers ?? {}, "request as the backend saw it");
  if (expect.certificate !== undefined) assert.equal(certificateOf(answer, certificates), expect.certificate);
}

function checkHeaders(expected: Expect["headers"], actual: Readonly<Record<string, string>>, what: string): void {
  for (const [name, wanted] of Object.entries(expected ?? {})) {
    const value = actual[name.toLowerCase()];
    if (wanted === "*") assert.notEqual(value, undefined, `${name} is missing in the ${what}`);
    else assert.equal(value ?? null, wanted, `${name} of the ${what}`);
  }
}

/** nginx may refuse what a backend would have got (a body that is too large): then the matcher has no say. */
function checkMatcher({ status, echo }: Answer, possible: ReadonlySet<Outcome>): void {
  const said = [...possible].join(" or ");
  // An error page comes from elsewhere than the request was decided to go.
  if (echo?.headers["x-original-uri"] !== undefined && echo.headers["x-code"] !== undefined) return;
  if (echo) assert.ok([...possible].some((one) => isPoolOf(one, echo.backend)), `${echo.backend} answered, the matcher on Node says ${said}`);
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

/** With its namespace if the expected name has one. */
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
