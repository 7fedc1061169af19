/**
 * How many profiles the routes of one namespace may need at a time.
 *
 * Each profile is a location in nginx.conf and costs a reload when it is new, so their number is capped. Beyond the cap
 * the youngest Ingresses lose. What a namespace may have depends on its own objects alone: a profile that two
 * namespaces need counts for both.
 */
import { byAge, type Age } from "../model/shapes/age.ts";
import type { Finding, Place } from "../model/findings/findings.ts";
import { profilesExhausted } from "../model/findings/catalogue.ts";

/** A profile that nginx does not always have, and the Ingress that asks for it. */
export interface Need {
  readonly namespace: string;
  /** Name of the Ingress. */
  readonly ingress: string;
  readonly age: Age;
  readonly profile: string;
  /** Whether its routes answer 503 beyond the cap; otherwise they are served with the controller's own values. */
  readonly closes: boolean;
}

export type IngressByName = (namespace: string, name: string) => Place["object"] | undefined;

export interface ProfileCap {
  /** True: routes of this namespace may not have this profile. */
  readonly beyond: (namespace: string, profile: string) => boolean;
  /** Takes note of all that a host needs now, in place of what it needed before. */
  note(host: string, needs: readonly Need[]): void;
  /** Applies what was noted. Answers the hosts for which `beyond` answers differently since. */
  settle(): ReadonlySet<string>;
  /** One finding for each Ingress that does not get what it asks for. */
  findings(ingress: IngressByName): readonly Finding[];
}

/** @param most distinct profiles of a namespace. */
export function createProfileCap(most: number): ProfileCap {
  const noted = new Map<string, readonly Need[]>();
  const namespaces = new Map<string, NamespaceNeeds>();
  const dirty = new Set<NamespaceNeeds>();
  const ofNamespace = (name: string): NamespaceNeeds => {
    const known = namespaces.get(name);
    if (known) return known;
    const fresh: NamespaceNeeds = { hosts: new Map(), uses: new Map(), beyond: new Set() };
    namespaces.set(name, fresh);
    return fresh;
  };
  return {
    beyond: (namespace, profile) => namespaces.get(namespace)?.beyond.has(profile) === true,
    note(host, needs) {
      const before = noted.get(host) ?? [];
      if (before.length === 0 && needs.length === 0) return;
      if (needs.length > 0) noted.set(host, needs);
      else noted.delete(host);
      for (const name of new Set([...before, ...needs].map(({ namespace }) => namespace))) {
        const needing = ofNamespace(name);
        replace(needing, host, needs.filter(({ namespace }) => namespace === name));
        dirty.add(needing);
        if (needing.hosts.size === 0 && needing.beyond.size === 0) namespaces.delete(name);
      }
    },
    settle() {
      const hosts = [...dirty].flatMap((needing) => weigh(needing, most));
      dirty.clear();
      return new Set(hosts);
    },
    findings: (ingress) => [...namespaces].flatMap(([name, needing]) => findingsOf(name, needing, most, ingress)),
  };
}

interface NamespaceNeeds {
  readonly hosts: Map<string, readonly Need[]>;
  /** Profile → number of needs for it. */
  readonly uses: Map<string, number>;
  beyond: ReadonlySet<string>;
}

function replace({ hosts, uses }: NamespaceNeeds, host: string, needs: readonly Need[]): void {
  for (const { profile } of hosts.get(host) ?? []) {
    const left = (uses.get(profile) ?? 1) - 1;
    if (left > 0) uses.set(profile, left);
    else uses.delete(profile);
  }
  for (const { profile } of needs) uses.set(profile, (uses.get(profile) ?? 0) + 1);
  if (needs.length > 0) hosts.set(host, needs);
  else hosts.delete(host);
}

/** Decides anew which profiles are beyond the cap. Answers the hosts for which this makes a difference. */
function weigh(needing: NamespaceNeeds, most: number): string[] {
  const before = needing.beyond;
  if (needing.uses.size <= most && before.size === 0) return [];
  needing.beyond = new Set(byOldestUse(needing).slice(most));
  const { hosts, beyond } = needing;
  const differs = ({ profile }: Need): boolean => before.has(profile) !== beyond.has(profile);
  return [...hosts].flatMap(([host, needs]) => (needs.some(differs) ? [host] : []));
}

function byOldestUse({ hosts }: NamespaceNeeds): string[] {
  const oldest = new Map<string, Age>();
  for (const { profile, age } of [...hosts.values()].flat()) {
    const known = oldest.get(profile);
    if (known === undefined || byAge(age, known) < 0) oldest.set(profile, age);
  }
  const order = [...oldest].sort(([a, ageOfA], [b, ageOfB]) => byAge(ageOfA, ageOfB) || (a < b ? -1 : 1));
  return order.map(([profile]) => profile);
}

function findingsOf(namespace: string, { hosts, uses, beyond }: NamespaceNeeds, most: number, ingress: IngressByName): Finding[] {
  if (beyond.size === 0) return [];
  const closes = new Map<string, boolean>();
  for (const need of [...hosts.values()].flat()) {
    if (beyond.has(need.profile)) closes.set(need.ingress, closes.get(need.ingress) === true || need.closes);
  }
  return [...closes].map(([name, closed]) => {
    const object = ingress(namespace, name) ?? { kind: "Ingress" as const, metadata: { namespace, name }, spec: {} };
    return profilesExhausted({ object, field: "metadata.annotations" }, { namespace, needed: uses.size, most, closed });
  });
}
