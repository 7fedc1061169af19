/** The step of an update that grants hosts their further names. */
import type { Steps } from "../../support/slices.ts";
import type { Place } from "../findings/findings.ts";
import { current, noteValue } from "../memory/part.ts";
import { grantAlias } from "../routes/aliases.ts";
import type { AliasClaim } from "../routes/aliases.ts";
import { aliasFindingsBeyond, claimsBeyond } from "../routes/expressions.ts";
import type { Alias } from "../shapes/routing.ts";
import type { ModelState, Work } from "./state.ts";

/** Notes the aliases that a recomputed host wants, and its own name, which another host may want as an alias. */
export function claimAliases(state: ModelState, work: Work, host: string, claims: readonly AliasClaim[]): void {
  for (const name of state.hostAliases.from(host)) work.aliases.add(name);
  for (const { name } of claims) work.aliases.add(name);
  if (state.hostAliases.to(host).size > 0) work.aliases.add(host);
  state.hostAliases.set(host, claims.map(({ name }) => name));
  if (claims.length > 0) state.aliasClaims.set(host, Map.groupBy(claims, ({ name }) => name));
  else state.aliasClaims.delete(host);
}

export function* updateAliases(state: ModelState, work: Work): Steps<void> {
  boundExpressions(state, work);
  for (const name of work.aliases) {
    yield;
    const claims = claimsOn(state, name).filter((claim) => !state.aliasesBeyond.has(textOf(claim)));
    const { alias, findings } = grantAlias(name, claims, current(state.hosts, name) !== undefined);
    noteValue(state.aliases, name, alias);
    noteValue(state.findings, `alias ${name}`, findings.length > 0 ? findings : undefined);
    state.credentials.nameChanged(name);
  }
}

/** Decides anew which expressions there is room for, and marks the names that gain or lose room by it. */
function boundExpressions(state: ModelState, work: Work): void {
  const changed = [...work.aliases].filter((name) => name.startsWith("~"));
  if (changed.length === 0) return;
  for (const name of changed) {
    if (state.hostAliases.to(name).size > 0) state.expressions.add(name);
    else state.expressions.delete(name);
  }
  const before = state.aliasesBeyond;
  const beyond = claimsBeyond([...state.expressions].flatMap((name) => claimsOn(state, name)));
  state.aliasesBeyond = new Map(beyond.map((claim) => [textOf(claim), claim.name]));
  for (const [text, name] of before) if (!state.aliasesBeyond.has(text)) work.aliases.add(name);
  for (const [text, name] of state.aliasesBeyond) if (!before.has(text)) work.aliases.add(name);
  const findings = aliasFindingsBeyond(beyond);
  noteValue(state.findings, "expressions", findings.length > 0 ? findings : undefined);
}

function textOf({ host, name }: AliasClaim): string {
  return `${host} ${name}`;
}

export function claimsOn(state: ModelState, name: string): readonly AliasClaim[] {
  return [...state.hostAliases.to(name)].flatMap((host) => state.aliasClaims.get(host)?.get(name) ?? []);
}

/** The annotation that an alias comes from; undefined: none asks for it any more. */
export function placeOfAlias(state: ModelState, name: string, { host, redirect }: Alias): Place | undefined {
  return claimsOn(state, name).find((claim) => claim.host === host && claim.redirect === redirect)?.place;
}
