/**
 * Changes of everything that can change. Each is written to the API server, and asked for until a client gets the answer that
 * it makes right; its time is noted. One that is not live in time is lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, type EchoBackend } from "../../test/support/echo.ts";
import type { Cluster } from "../../test/support/cluster.ts";
import { live, RELOAD_LIMIT_MS, type Asked, type Change, type ChurnInput, type Right } from "./change.ts";
import { configMap, fingerprintOf, ingress, pathOf, service, slice, tlsSecret, type Site, type SiteObject } from "./site.ts";
import { startRollingUpdates } from "./rolling.ts";
import { echoOf, rest } from "./traffic/client.ts";

export interface Churn {
  readonly changes: readonly Change[];
  /** Makes a change that needs a new profile, beside the others; rejects when it is not live in time. */
  reload(): Promise<void>;
  /** Resolves when the change under way is done. Its backends go on answering until `close`. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const MOST_HOSTS = 40;

export async function startChurn(given: Omit<ChurnInput, "signal">): Promise<Churn> {
  const changes: Change[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const input: ChurnInput = { ...given, signal };
  const extra = await startEcho("extra");
  const write = (object: SiteObject): Promise<void> => put(input.cluster, object, signal);
  for (const object of startObjects(input.site, extra)) await write(object);
  const kinds = dataChanges(input, extra, write);
  const loop = async (pauseMs: number, next: () => Promise<Change>, not = (): boolean => false): Promise<void> => {
    for (await rest(signal, pauseMs); !signal.aborted; await rest(signal, pauseMs)) {
      if (not()) continue;
      const change = await next().catch((error: Error): Change => ({ what: "a change that could not be made", calm: false, ms: undefined, last: error.message }));
      if (!signal.aborted) changes.push(change);
    }
  };
  const reloads = reloadChanges(input, write, "profile");
  // With an Ingress of its own: the other may be changed at the same time. The wait has its limit in the middle of a disturbance, too.
  const [extraReload] = reloadChanges({ ...input, disturbed: () => false }, write, "clock");
  const rolling = await startRollingUpdates(input, write, signal);
  const loops = [
    loop(input.pauseMs, () => input.random.pick(kinds)()),
    loop(input.reloadMs, () => input.random.pick(reloads)(), input.quiet),
    loop(4 * input.pauseMs, rolling.update),
  ];
  return {
    changes,
    async reload() {
      const change = await extraReload();
      changes.push(change);
      if (change.ms === undefined) throw new Error(`a new profile is not live: ${change.last ?? ""}`);
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
    async close() {
      await rolling.close();
      await extra.close();
    },
  };
}

/** The hosts that only the churn asks for. */
const HOSTS = { moving: "moving.soak.example", redirect: "redirect.soak.example", profile: "profile.soak.example", clock: "clock.soak.example" };

function startObjects({ appBackends: [a = ""] }: Site, extra: EchoBackend): SiteObject[] {
  return [
    ...service("extra", extra.port),
    ...service("moving", extra.port),
    ingress("moving", HOSTS.moving, "moving"),
    ingress("redirect", HOSTS.redirect, a, redirectTo(0)),
    ingress("profile", HOSTS.profile, a, profileOf(0)),
  ];
}

const redirectTo = (version: number): Record<string, string> => ({ "permanent-redirect": `https://elsewhere.example/${version}` });
/** A combination that nginx has not seen, beside a path by which its route is known. */
const profileOf = (version: number): Record<string, string> => ({
  "proxy-next-upstream-timeout": String(5 + (version % 200)), "rewrite-target": `/version/${version}`,
});

function dataChanges(input: ChurnInput, extra: EchoBackend, write: (object: SiteObject) => Promise<void>): (() => Promise<Change>)[] {
  const { site, random, cluster } = input;
  const [app = ""] = site.appBackends;
  const made: string[] = [];
  let version = 0;
  let pairs = 0;
  const asked = (host: string, more: Partial<Asked> = {}): Asked => ({ host, path: "/churn", ...more });
  return [
    async function hosts() {
      if (made.length >= MOST_HOSTS || (made.length > 5 && random.chance(0.5))) {
        const name = made.splice(random.below(made.length), 1)[0] ?? "";
        await persist(() => cluster.ask("DELETE", pathOf({ apiVersion: "networking.k8s.io/v1", kind: "Ingress" }, name)), 404);
        return await live(input, "Ingress removed", asked(`${name}.soak.example`), ({ status }) => status === 404);
      }
      const name = `churn-${++version}`;
      await write(ingress(name, `${name}.soak.example`, app));
      made.push(name);
      return await live(input, "Ingress added", asked(`${name}.soak.example`), backendIs(app));
    },
    async function endpoints() {
      const [name, port] = ++version % 2 === 0 ? ["extra", extra.port] : ["first", site.primaryPort];
      await write(slice("moving", 0, port));
      return await live(input, "endpoint moved", asked(HOSTS.moving), (answer) => (name === "extra") === (echoOf(answer)?.backend === "extra"));
    },
    async function certificate() {
      const host = random.pick(site.tlsHosts);
      const all = site.pairsOf(host);
      const pair = all[++pairs % all.length];
      if (!pair) throw new Error(`${host} has no certificate`);
      await write(tlsSecret(host, pair));
      return await live(input, "certificate replaced", asked(host, { tls: true }), ({ fingerprint }) => fingerprint === fingerprintOf(pair));
    },
    async function settings() {
      const agent = `blocked-${++version}`;
      await write(configMap({ "block-user-agents": agent }));
      return await live(input, "ConfigMap value", asked(site.appHosts[0] ?? "", { headers: { "user-agent": agent } }), ({ status }) => status === 403);
    },
    async function annotation() {
      const to = redirectTo(++version);
      await write(ingress("redirect", HOSTS.redirect, app, to));
      return await live(input, "annotation", asked(HOSTS.redirect), ({ headers }) => headers.location === to["permanent-redirect"]);
    },
  ];
}

function reloadChanges(input: ChurnInput, write: (object: SiteObject) => Promise<void>, name: "profile" | "clock"): [() => Promise<Change>, ...(() => Promise<Change>)[]] {
  const [app = ""] = input.site.appBackends;
  const [tls = ""] = input.site.tlsHosts;
  // No combination of the one is one of the other.
  let version = name === "clock" ? 100 : 0;
  const profile = async (): Promise<Change> => {
    const host = HOSTS[name];
    await write(ingress(name, host, app, profileOf(++version)));
    return await live(input, "new profile (reload)", { host, path: "/churn" }, (answer) => echoOf(answer)?.path === `/version/${version}`, RELOAD_LIMIT_MS);
  };
  const hsts = async (): Promise<Change> => {
    const wanted = 1000 + ++version;
    await write(configMap({ "hsts-max-age": String(wanted) }));
    return await live(input, "ConfigMap value (reload)", { host: tls, path: "/churn", tls: true }, ({ headers }) => headers["strict-transport-security"]?.includes(`max-age=${wanted};`) ?? false, RELOAD_LIMIT_MS);
  };
  return [profile, hsts];
}

const backendIs = (name: string): Right => (answer) => answer.status === 200 && echoOf(answer)?.backend === name;

/** Creates the object or changes it; while there is no API server, tries again. */
async function put(cluster: Cluster, object: SiteObject, signal: AbortSignal): Promise<void> {
  const { name } = object.metadata;
  if (!(await persist(() => cluster.ask("PATCH", pathOf(object, name), object), 404, signal))) {
    await persist(() => cluster.ask("POST", pathOf(object), object), 409, signal);
  }
}

/** Tries until it succeeds; false: the API server refuses with the status `unless`, or the churn ends. */
async function persist(one: () => Promise<unknown>, unless: number, signal?: AbortSignal): Promise<boolean> {
  for (;;) {
    try {
      await one();
      return true;
    } catch (error) {
      const { status } = error as { readonly status?: number };
      if (status === unless || signal?.aborted) return false;
      if (status === 400 || status === 422) throw error;
      await sleep(200);
    }
  }
}
