/** Traffic whose answers depend on what the Ingress says: canaries, sticky sessions, rate limits, external authentication. */
import { again, askNoted, echoOf, echoes, type Traffic } from "./client.ts";

/** What the canary by weight and the limit let through; judged at the end. */
export interface RuleCounts {
  canary: { all: number; taken: number };
  limited: { passed: number; refused: number; begun: number; ended: number };
}

export function startRuleCounts(): RuleCounts {
  return { canary: { all: 0, taken: 0 }, limited: { passed: 0, refused: 0, begun: performance.now(), ended: performance.now() } };
}

export function canaries(traffic: Traffic, counts: RuleCounts): Promise<void> {
  const { site, random } = traffic;
  return again(traffic, 40, async () => {
    const path = `/canary/${random.below(1_000_000)}`;
    const kind = random.pick(["weight", "header", "cookie"] as const);
    const asks = random.chance(0.5);
    const host = site.canaryHosts[kind];
    const headers = !asks ? {} : kind === "header" ? { "x-canary": "always" } : kind === "cookie" ? { cookie: "canary=always" } : {};
    const expected = kind === "weight" ? [site.primary, site.canary] : [asks ? site.canary : site.primary];
    const answer = await askNoted(traffic, "canaries", { port: traffic.http, host, path, headers }, echoes(host, path, expected));
    if (kind !== "weight" || answer === undefined) return;
    counts.canary.all++;
    if (echoOf(answer)?.backend === site.canary) counts.canary.taken++;
  });
}

/** One client that keeps its cookie: whoever answered it first answers it always. */
export async function stickySession(traffic: Traffic): Promise<void> {
  const { site, random } = traffic;
  const host = site.stickyHost;
  let cookie: string | undefined;
  let mine: string | undefined;
  await again(traffic, 60, async () => {
    const path = `/sticky/${random.below(1_000_000)}`;
    const backends = mine === undefined ? site.appBackends : [mine];
    const answer = await askNoted(traffic, "sticky sessions", { port: traffic.http, host, path, headers: cookie === undefined ? {} : { cookie } }, echoes(host, path, backends));
    if (answer === undefined) return;
    mine = echoOf(answer)?.backend;
    const [given] = answer.headers["set-cookie"] ?? [];
    if (given !== undefined) cookie = given.split(";")[0];
  });
}

/** More requests than the limit lets through: some are refused, and no more pass than may. */
export async function limited(traffic: Traffic, counts: RuleCounts): Promise<void> {
  const { site, random } = traffic;
  const host = site.limitedHost;
  counts.limited.begun = performance.now();
  await again(traffic, 1000 / (3 * site.limitPerSecond), async () => {
    const path = `/limited/${random.below(1_000_000)}`;
    const right = echoes(host, path, site.appBackends);
    const answer = await askNoted(traffic, "rate limited", { port: traffic.http, host, path }, (one) => (one.status === 503 ? undefined : right(one)));
    if (answer?.status === 200) counts.limited.passed++;
    else if (answer) counts.limited.refused++;
    counts.limited.ended = performance.now();
  });
}

/** A request with the right password passes, one without it never does. */
export function externalAuth(traffic: Traffic): Promise<void> {
  const { site, random } = traffic;
  const host = site.authHost;
  return again(traffic, 60, async () => {
    const path = `/auth/${random.below(1_000_000)}`;
    const may = random.chance(0.7);
    const right = may ? echoes(host, path, site.appBackends) : ({ status }: { status: number }): string | undefined => (status === 401 ? undefined : `status ${status} without a password`);
    await askNoted(traffic, "external authentication", { port: traffic.http, host, path, headers: may ? { authorization: site.password } : {} }, right);
  });
}
