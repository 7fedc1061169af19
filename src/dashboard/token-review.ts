/**
 * Asks the API server whether the holder of a token may look at the dashboard: who it is (TokenReview, as the API server
 * itself would find out), and whether that account may `get` the path `/dashboard/` (SubjectAccessReview with
 * nonResourceAttributes). Source: Kubernetes API reference, authentication.k8s.io/v1 and authorization.k8s.io/v1.
 *
 * Guarantees: tokens are neither logged nor kept, only their digests; tokens that were not good yet are reviewed a few at a
 * time and some twenty a second, so that strangers can neither keep the API server busy nor those out who were let in
 * before; an answer that is none is no permission.
 */
import { createHash } from "node:crypto";
import { clusterApi, type ClusterApi, type Right } from "../report/cluster/api.ts";
import type { Finding } from "../model/findings/findings.ts";
import { fields, textOrNone } from "../source/kubernetes/trim.ts";
import type { Connection } from "../source/kubernetes/transport.ts";
import type { ReviewToken } from "./guard.ts";

/** The path that an account must be allowed to get: a ClusterRole grants it with `nonResourceURLs`. */
export const GUARDED_PATH = "/dashboard/";
/** How long a verdict holds: a token that is taken away is good for so long. */
const GOOD_MS = 60_000;
const BAD_MS = 10_000;
const MOST_VERDICTS = 1000;
const MOST_AT_A_TIME = 4;
/** A token that was not good keeps its place for so long. */
const PAUSE_MS = 200;
const PATIENCE_MS = 5000;

const EFFECT = "who shows a token is not let in to the dashboard";
const WHO: Right = { verb: "create", resource: "tokenreviews.authentication.k8s.io", kind: "Pod", namespace: "", effect: EFFECT };
const MAY: Right = { verb: "create", resource: "subjectaccessreviews.authorization.k8s.io", kind: "Pod", namespace: "", effect: EFFECT };

export interface TokenReviews {
  readonly review: ReviewToken;
  /** Rights that are missing. */
  findings(): readonly Finding[];
  close(): Promise<void>;
}

/** @param open connects to the API server, at the first review. @param changed after `findings` changed. */
export function createTokenReviews(open: () => Promise<Connection>, changed: () => void, now = (): number => performance.now()): TokenReviews {
  /** Digests, and until when their verdict holds. Bad ones, of which strangers make any number, push out no good one. */
  const [good, bad] = [new Map<string, number>(), new Map<string, number>()];
  /** Reviews of strangers that run, and until when the places of others are kept. */
  let strangers = 0;
  let kept: number[] = [];
  const running = new Map<string, Promise<boolean | undefined>>();
  const ending = new AbortController();
  let api: Promise<ClusterApi> | undefined;
  const opened = (): Promise<ClusterApi> => {
    api ??= open().then((connection) => clusterApi(connection, changed)).catch((error: Error) => {
      api = undefined;
      throw error;
    });
    void api.then((made) => (reached = made)).catch(() => {});
    return api;
  };
  let reached: ClusterApi | undefined;

  const find = async (token: string, key: string): Promise<boolean | undefined> => {
    try {
      const verdict = await mayLook(await opened(), token, AbortSignal.any([ending.signal, AbortSignal.timeout(PATIENCE_MS)]));
      (verdict ? bad : good).delete(key);
      remember(verdict ? good : bad, key, now() + (verdict ? GOOD_MS : BAD_MS));
      return verdict;
    } catch {
      return undefined;
    }
  };

  const findForStranger = async (token: string, key: string): Promise<boolean | undefined> => {
    strangers++;
    const verdict = await find(token, key);
    strangers--;
    if (verdict !== true) kept.push(now() + PAUSE_MS);
    return verdict;
  };

  return {
    async review(token) {
      const key = createHash("sha256").update(token).digest("hex");
      for (const [verdicts, verdict] of [[good, true], [bad, false]] as const) if ((verdicts.get(key) ?? 0) > now()) return verdict;
      const under = running.get(key);
      if (under) return await under;
      const isStranger = !good.has(key);
      kept = kept.filter((until) => until > now());
      if (isStranger && strangers + kept.length >= MOST_AT_A_TIME) return undefined;
      const finding = (isStranger ? findForStranger(token, key) : find(token, key)).finally(() => running.delete(key));
      running.set(key, finding);
      return await finding;
    },
    findings: () => reached?.findings() ?? [],
    async close() {
      ending.abort();
      const made = await api?.catch(() => undefined);
      await made?.connection.close();
    },
  };
}

/** The newest is last; the oldest goes. */
function remember(verdicts: Map<string, number>, key: string, until: number): void {
  verdicts.delete(key);
  if (verdicts.size >= MOST_VERDICTS) verdicts.delete(verdicts.keys().next().value ?? "");
  verdicts.set(key, until);
}

async function mayLook(api: ClusterApi, token: string, signal: AbortSignal): Promise<boolean> {
  const who = fields(fields(await create(api, WHO, "/apis/authentication.k8s.io/v1/tokenreviews", { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } }, signal))["status"]);
  if (who["authenticated"] !== true) return false;
  const { username, uid, groups, extra } = fields(who["user"]);
  const user = textOrNone(username);
  if (user === undefined || user === "") return false;
  const spec = { user, uid, groups, extra, nonResourceAttributes: { path: GUARDED_PATH, verb: "get" } };
  const may = fields(fields(await create(api, MAY, "/apis/authorization.k8s.io/v1/subjectaccessreviews", { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec }, signal))["status"]);
  return may["allowed"] === true && may["denied"] !== true;
}

async function create(api: ClusterApi, right: Right, path: string, object: object, signal: AbortSignal): Promise<unknown> {
  return await api.ask(right, path, signal, { method: "POST", body: JSON.stringify(object) });
}
