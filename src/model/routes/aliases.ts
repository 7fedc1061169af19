/**
 * Further names of hosts: who gets one that several want.
 *
 * ingress-nginx behaviour: a name that some rule has as its host is never an alias; a redirect between `www.` and the
 * name without comes before aliases. Unlike there, of two aliases the older Ingress's holds.
 */
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import { byAge } from "../shapes/age.ts";
import type { Age } from "../shapes/age.ts";
import type { Alias } from "../shapes/routing.ts";

/** A name that a host wants. */
export interface AliasClaim {
  readonly name: string;
  readonly host: string;
  readonly redirect: boolean;
  readonly age: Age;
  /** The annotation that asks for the name. */
  readonly place: Place;
}

export interface GrantedAlias {
  /** Undefined: nobody gets it. */
  readonly alias: Alias | undefined;
  /** The annotation of the claim that gets the name. */
  readonly place: Place | undefined;
  readonly findings: readonly Finding[];
}

/** Decides which claim on a name gets it. @param isHost some rule has the name as its host. */
export function grantAlias(name: string, claims: readonly AliasClaim[], isHost: boolean): GrantedAlias {
  const sorted = [...claims].sort((a, b) => Number(b.redirect) - Number(a.redirect) || byAge(a.age, b.age) || (a.host < b.host ? -1 : 1));
  const winner = isHost ? undefined : sorted[0];
  const losers = isHost ? sorted : sorted.slice(1);
  return {
    alias: winner && { host: winner.host, redirect: winner.redirect },
    place: winner?.place,
    findings: losers.map((loser) => lost(name, loser, winner)),
  };
}

function lost(name: string, { redirect, host, place }: AliasClaim, winner: AliasClaim | undefined): Finding {
  if (winner === undefined && redirect) return found.wwwTaken(place, { name, host });
  const by = winner === undefined ? "rules name it as their host" : `it is another name of ${winner.host} already`;
  const other = winner && winner.place.object !== place.object ? { other: winner.place.object } : {};
  return found.aliasTaken({ ...place, ...other }, { name, by });
}
