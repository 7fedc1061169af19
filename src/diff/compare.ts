/** What differs between two states, as a list that people read and tools take. */
import { subjectText } from "../model/findings/findings.ts";
import type { Finding } from "../model/findings/findings.ts";
import { hostText, type Facts, type HostFacts, type RouteFacts } from "./facts.ts";

export type ChangeKind = "added" | "removed" | "changed";

/** Something about what changed: a value before and after, or a remark. */
export interface Detail {
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}

export interface Difference {
  readonly what: "host" | "route" | "alias" | "certificate" | "listener" | "setting" | "users" | "finding";
  readonly change: ChangeKind;
  /** Of routes and hosts. `*`: every name that nobody declares. */
  readonly host?: string;
  /** `/cart (prefix)`, a server name, a port, a key, the code of a finding. */
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
  /** What else is different about it. */
  readonly details: readonly Detail[];
}

/**
 * In the order of names: hosts with their routes, further names, certificates, ports, settings, users. Guarantee: empty
 * only if the Programs are the same but for endpoints.
 */
export function compareFacts(before: Facts, after: Facts): readonly Difference[] {
  const told = [
    ...keysOf(before.hosts, after.hosts).flatMap((host) => compareHosts(host, before.hosts.get(host), after.hosts.get(host))),
    ...compareTexts("alias", before.aliases, after.aliases),
    ...compareTexts("certificate", before.certificates, after.certificates),
    ...compareTexts("listener", before.listeners, after.listeners),
    ...compareSettings(before.settings, after.settings),
  ];
  return [...told, ...untold(before, after, told)];
}

function keysOf(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort();
}

/** Parts that are different although no word of theirs is: the content of Secrets and ConfigMaps that are named alike. */
function untold(before: Facts, after: Facts, told: readonly Difference[]): readonly Difference[] {
  const known = new Set(told.map(({ what, host, name }) => (what === "route" ? `host ${host ?? ""}` : `${what} ${name}`)));
  const settings = told.some(({ what }) => what === "setting");
  return keysOf(before.parts, after.parts).flatMap((key): Difference[] => {
    if (before.parts.get(key) === after.parts.get(key)) return [];
    const space = key.indexOf(" ");
    const kind = key.slice(0, space);
    const change = changeOf(before.parts.get(key), after.parts.get(key));
    const name = hostText(key.slice(space + 1));
    const other = (what: Difference["what"], remark: string): Difference[] => (known.has(`${what} ${name}`) ? [] : [{ what, change, name, ...(what === "host" ? { host: name } : {}), details: [{ what: remark }] }]);
    switch (kind) {
      case "host":
        // A setting that all routes follow is told as what it is.
        return settings ? [] : other("host", "something that its Ingresses do not say: of objects that they name, or of paths that nobody declares");
      case "alias":
        return other("alias", "what the name stands for");
      case "tls":
        return other("certificate", "another certificate, of the same Secret");
      case "users":
        return change === "changed" ? [{ what: "users", change, name: "of a Secret with passwords", details: [{ what: "other users, or other passwords" }] }] : [];
      case "settings":
        return settings ? [] : [{ what: "setting", change, name: "of the controller", details: [{ what: "the content of an object that the ConfigMap names" }] }];
      default:
        // Certificates and authorities are named by their content: whoever refers to them is different.
        return [];
    }
  });
}

function compareTexts(what: Difference["what"], before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference[] {
  return keysOf(before, after).flatMap((name): Difference[] => {
    const [old, now] = [before.get(name), after.get(name)];
    return old === now ? [] : [{ what, change: changeOf(old, now), name, ...sides(old, now), details: [] }];
  });
}

function compareSettings(before: Facts["settings"], after: Facts["settings"]): Difference[] {
  return keysOf(before, after).flatMap((name): Difference[] => {
    const [old, now] = [before.get(name), after.get(name)];
    if (!old || !now || old.value === now.value) return [];
    return [{ what: "setting", change: "changed", name, ...(old.secret ? {} : sides(old.value, now.value)), details: old.secret ? [{ what: "its value is not shown" }] : [] }];
  });
}

function changeOf(before: unknown, after: unknown): ChangeKind {
  return before === undefined ? "added" : after === undefined ? "removed" : "changed";
}

function sides(before: string | undefined, after: string | undefined): Pick<Difference, "before" | "after"> {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

const NO_ROUTES: ReadonlyMap<string, RouteFacts> = new Map();

function compareHosts(host: string, before: HostFacts | undefined, after: HostFacts | undefined): Difference[] {
  const [old, now] = [before?.routes ?? NO_ROUTES, after?.routes ?? NO_ROUTES];
  const routes = keysOf(old, now).flatMap((path) => compareRoutes(host, path, old.get(path), now.get(path)));
  if (!before || !after) return [{ what: "host", change: changeOf(before, after), host, name: host, details: [] }, ...routes];
  const wide = detailsBetween(before.wide, after.wide);
  return wide.length > 0 ? [{ what: "host", change: "changed", host, name: host, details: wide }, ...routes] : routes;
}

function detailsBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Detail[] {
  return keysOf(before, after).flatMap((what) => (before.get(what) === after.get(what) ? [] : [{ what, ...sides(before.get(what), after.get(what)) }]));
}

function compareRoutes(host: string, path: string, before: RouteFacts | undefined, after: RouteFacts | undefined): Difference[] {
  const change = changeOf(before, after);
  if (!before || !after) {
    const { target, canaries, owner } = (before ?? after) as RouteFacts;
    const details = [{ what: `by ${owner}` }, ...(canaries === "" ? [] : [{ what: `canaries: ${canaries}` }])];
    return [{ what: "route", change, host, name: path, ...sides(before && target, after && target), details }];
  }
  const details = detailsOf(before, after);
  if (before.target === after.target && details.length === 0) return [];
  return [{ what: "route", change, host, name: path, before: before.target, after: after.target, details }];
}

function detailsOf(before: RouteFacts, after: RouteFacts): readonly Detail[] {
  const named = detailsBetween(namedFacts(before), namedFacts(after));
  if (before.others === after.others) return named;
  const annotations = detailsBetween(before.annotations, after.annotations);
  if (annotations.length > 0) return [...named, ...annotations];
  return named.length > 0 || before.target !== after.target ? named : [{ what: "other settings: of the ConfigMap, or of an object that an annotation names" }];
}

function namedFacts({ owner, canaries, https }: RouteFacts): ReadonlyMap<string, string> {
  return new Map([["declared by", owner], ["canaries", canaries || "none"], ["redirect to https", https]]);
}

/**
 * Findings that come and go. The place within a list, and the line, do not count: a path in front of others would change
 * them all. @param rename makes names of files alike that are read from two places.
 */
export function compareFindings(before: readonly Finding[], after: readonly Finding[], rename: (text: string) => string = (text) => text): readonly Difference[] {
  const [old, now] = [grouped(before, rename), grouped(after, rename)];
  return keysOf(old, now).flatMap((key): Difference[] => {
    const [was, is] = [old.get(key) ?? [], now.get(key) ?? []];
    const change = is.length > was.length ? "added" : "removed";
    return (change === "added" ? is.slice(was.length) : was.slice(is.length)).map((finding): Difference => {
      const { code, severity, object, field, sentence, hint, effect, file, line } = finding;
      const text = `${severity}: ${subjectText(object)}${field === "" ? "" : ` ${field}`}: ${sentence}${hint === undefined ? "" : `: ${hint}`}`;
      const place = file === undefined ? [] : [{ what: `${file}:${line ?? 1}` }];
      return { what: "finding", change, name: code, ...(change === "added" ? { after: text } : { before: text }), details: change === "added" ? [...place, { what: `effect: ${effect}` }] : place };
    });
  });
}

function grouped(findings: readonly Finding[], rename: (text: string) => string): ReadonlyMap<string, readonly Finding[]> {
  return Map.groupBy(findings, ({ code, severity, object, field, sentence }) => rename(`${code} ${severity} ${subjectText(object)} ${field.replaceAll(/\[\d+\]/g, "[]")} ${sentence}`));
}

/** Whether something is different for those who ask, or something is wrong that was not. */
export function matters({ what, change }: Difference): boolean {
  return what !== "finding" || change === "added";
}
