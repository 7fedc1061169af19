/**
 * What parts of the Program refer to, and what names in it stand for.
 *
 * Guarantee: a part that is published refers to parts that are published, and a name of content stands for that content.
 * The Model ensures the first, and digests ensure the second. Both are checked here, so that a mistake, or content made to
 * have another content's name, closes a path (503) instead of serving it with the wrong content.
 */
import type { EdgeAlias, EdgeHost, PartKind, PartValues, EdgeRoute } from "../../edge/src/program.ts";
import { DEFAULT_BACKEND } from "../../edge/src/program.ts";
import type { Model } from "../model/model.ts";
import { exact } from "../support/exact.ts";
import { flatText } from "../support/kept-text.ts";
import { sameProfile, type Profile } from "./profiles.ts";

/** `kind id`. */
export type PartKey = string;

export function partKey(kind: PartKind, id: string): PartKey {
  return flatText(kind, " ", id);
}

/** What a part of this kind with this value refers to, each once. */
export function referencesOf<K extends PartKind>(kind: K, value: PartValues[K]): readonly PartKey[] {
  const found = new Set<PartKey>();
  if (kind === "alias") found.add(partKey("host", (value as EdgeAlias).host));
  else if (kind === "front") return exact([]);
  else if (kind === "tls" && value !== "") found.add(partKey("certificate", value as string));
  else if (kind === "host") {
    const { routes, special } = value as EdgeHost;
    if (special?.clients?.trust !== undefined) found.add(partKey("trust", special.clients.trust));
    for (const route of routes) for (const key of ofRoute(route)) found.add(key);
  }
  return exact([...found]);
}

/** The parts that a route refers to. The default backend's pool is not one of them, because requests get 404 while it does not exist. */
export function ofRoute({ pool, canaries = [], filters }: EdgeRoute): PartKey[] {
  const { errors, externalAuth, credentials, upstream, copies = [] } = filters ?? {};
  const pools = [pool, ...canaries.map((canary) => canary.pool), errors?.backend, externalAuth?.pool, upstream?.mirror?.pool, ...copies.map((copy) => copy.pool)];
  const { certificate } = upstream?.tls ?? {};
  return [
    ...pools.flatMap((id) => (id === undefined || id === "" || id === DEFAULT_BACKEND ? [] : [partKey("pool", id)])),
    ...(credentials ? [partKey("users", credentials.users)] : []),
    ...(certificate === undefined ? [] : [partKey("certificate", certificate)]),
  ];
}

/** Whether the Model has it, so that there will be a part of this name. */
export function modelHas({ hosts, pools, users, certificates, trusts }: Model, key: PartKey): boolean {
  const space = key.indexOf(" ");
  const id = key.slice(space + 1);
  switch (key.slice(0, space)) {
    case "host":
      return hosts.has(id);
    case "pool":
      return pools.has(id);
    case "users":
      return users.has(id);
    case "certificate":
      return certificates.has(id);
    default:
      return trusts.has(id);
  }
}

/** A different profile that already has this id; undefined: the id is free, or stands for this very profile. */
export function otherOfThatName(id: string, profile: Profile, known: readonly ReadonlyMap<string, Profile>[]): Profile | undefined {
  return known.map((profiles) => profiles.get(id)).find((one) => one !== undefined && !sameProfile(one, profile));
}
