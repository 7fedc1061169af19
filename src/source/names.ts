/**
 * Keeps the addresses of the DNS names that ExternalName Services point to, in the Snapshot.
 *
 * Guarantees: a name is asked for again when its TTL ends; the last addresses stay while no server answers, and go
 * when a server says that the name is gone; local addresses and that of the API server are refused unless allowed.
 */
import { Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isProtectedAddress } from "../support/addresses.ts";
import type { Log } from "../support/log.ts";
import { lookUp } from "./names/lookup.ts";
import type { NameAnswer } from "./names/lookup.ts";
import { candidates, NO_SEARCH, parseResolvConf } from "./names/resolv-conf.ts";
import type { SearchRules } from "./names/resolv-conf.ts";
import type { Snapshot } from "./snapshot.ts";

export interface NamesOptions {
  /** `address:port` of a DNS server; empty: those of /etc/resolv.conf, with its search rules. */
  readonly resolver: string;
  readonly allowLocalTargets: boolean;
  /** Whether AAAA records are taken where there are no A records; absent: they are. Called at each look-up. */
  readonly ipv6?: () => boolean;
  readonly snapshot: Snapshot;
  /** Called after addresses changed, never from within `want`. */
  readonly changed: () => void;
  readonly log: Log;
}

export interface Names {
  /** The names that are needed now; others are forgotten. */
  want(names: ReadonlySet<string>): void;
  stop(): void;
}

const SHORTEST_S = 1;
const LONGEST_S = 300;
/** Seconds until a name is asked for again that does not exist, or for which no server answered; doubles up to `LONGEST_AGAIN_S`. */
const AGAIN_S = 2;
const LONGEST_AGAIN_S = 30;
/** Most questions under way at a time: ten thousand names must not drown a DNS server. */
const PARALLEL = 32;

interface Watched {
  readonly name: string;
  timer?: NodeJS.Timeout;
  /** Look-ups without addresses in a row. */
  misses: number;
}

export function resolveNames(options: NamesOptions): Names {
  const { snapshot, log } = options;
  const watched = new Map<string, Watched>();
  const waiting: Watched[] = [];
  let asking = 0;
  let announcement: NodeJS.Immediate | undefined;
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (options.resolver !== "") resolver.setServers([options.resolver]);
  let rules: Promise<SearchRules> | undefined;

  function announce(): void {
    announcement ??= setImmediate(() => {
      announcement = undefined;
      options.changed();
    });
  }

  function askSoon(one: Watched): void {
    waiting.push(one);
    askNext();
  }

  function askNext(): void {
    while (asking < PARALLEL) {
      const one = waiting.shift();
      if (!one) return;
      if (!isWatched(one)) continue;
      asking++;
      void ask(one).finally(() => {
        asking--;
        askNext();
      });
    }
  }

  const isWatched = (one: Watched): boolean => watched.get(one.name) === one;

  async function ask(one: Watched): Promise<void> {
    rules ??= options.resolver === "" ? systemRules() : Promise.resolve(NO_SEARCH);
    const answer = await lookUp(resolver, candidates(one.name, await rules), options.ipv6?.() ?? true);
    if (!isWatched(one)) return; // No longer wanted, or stopped, while we waited.
    store(one, answer);
    one.misses = answer.kind === "addresses" ? 0 : one.misses + 1;
    one.timer = setTimeout(() => askSoon(one), secondsUntilNext(answer, one.misses) * 1000);
    one.timer.unref();
  }

  function store({ name, misses }: Watched, answer: NameAnswer): void {
    const before = snapshot.get("ResolvedName", "", name);
    if (answer.kind === "failed") {
      const kept = before ? "its last addresses stay" : "it has no addresses";
      if (misses === 0) log("warn", "a DNS name could not be resolved", { name, reason: answer.reason, effect: kept });
      if (before) return;
    }
    const all = answer.kind === "addresses" ? answer.addresses : [];
    const isRefused = (address: string): boolean => !options.allowLocalTargets && isProtectedAddress(address);
    const addresses = all.filter((address) => !isRefused(address));
    const refused = all.filter(isRefused);
    if (before && sameList(before.addresses, addresses) && sameList(before.refused, refused)) return;
    snapshot.put({ kind: "ResolvedName", metadata: { name, namespace: "" }, addresses, refused });
    announce();
  }

  function forget(one: Watched): void {
    clearTimeout(one.timer);
    watched.delete(one.name);
  }

  return {
    want(names) {
      for (const one of watched.values()) {
        if (names.has(one.name)) continue;
        forget(one);
        snapshot.remove({ kind: "ResolvedName", namespace: "", name: one.name });
      }
      for (const name of names) {
        if (watched.has(name)) continue;
        const one: Watched = { name, misses: 0 };
        watched.set(name, one);
        askSoon(one);
      }
    },
    stop() {
      for (const one of watched.values()) forget(one);
      if (announcement) clearImmediate(announcement);
      resolver.cancel();
    },
  };
}

function secondsUntilNext(answer: NameAnswer, misses: number): number {
  if (answer.kind === "addresses") return Math.min(LONGEST_S, Math.max(SHORTEST_S, answer.ttl));
  return Math.min(LONGEST_AGAIN_S, AGAIN_S * 2 ** Math.min(misses - 1, 10));
}

/** A machine without resolv.conf has no search rules. */
async function systemRules(): Promise<SearchRules> {
  return readFile("/etc/resolv.conf", "utf8").then(parseResolvConf, () => NO_SEARCH);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
