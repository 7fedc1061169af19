/**
 * What would come of an Ingress that somebody is about to write: the question of the admission webhook.
 *
 * Guarantees: the model is left as it is; the work is that of the hosts that the Ingress names, however many others
 * there are; and what the model would not serve as written is denied, in the words of the same findings.
 *
 * Only the Ingress itself is judged. Whether the Services, Secrets and ConfigMaps that it names exist is left to the
 * model, so that objects can be created in any order, and so that nobody learns here which Secrets there are.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Ingress } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { defaultValues } from "../annotations/table.ts";
import type { Config } from "../config/config.ts";
import * as found from "../findings/catalogue.ts";
import { sortFindings } from "../findings/findings.ts";
import type { Finding } from "../findings/findings.ts";
import { strictPaths, otherPrefix } from "../ingress/admission-rules.ts";
import { decideOwnership, readClasses } from "../ingress/class.ts";
import { parseIngress } from "../ingress/ingress.ts";
import { rulesFor } from "../ingress/parsed.ts";
import type { ParsedIngress } from "../ingress/parsed.ts";
import { sizeOf, withoutRoom } from "../ingress/size.ts";
import { grantAlias } from "../routes/aliases.ts";
import type { BuiltHost } from "../routes/hosts.ts";
import { byAge } from "../shapes/age.ts";
import type { Age } from "../shapes/age.ts";
import { lookupIn } from "../shapes/lookup.ts";
import type { ModelState } from "./state.ts";
import { claimsOn } from "./update-aliases.ts";
import { hostFrom, participants, routingContext } from "./update.ts";

export interface Candidate {
  readonly ingress: Ingress;
  /** The Ingress as it is now, when it is about to be changed. */
  readonly before?: Ingress;
}

export interface Judgement {
  /** False: the Ingress is of another controller, and nothing is said of it. */
  readonly ours: boolean;
  /** Why it is refused; empty when it may be written. About the Ingress itself, or about one that would lose by it. */
  readonly denials: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** How many Ingresses were looked at. */
  readonly ingresses: number;
}

/** Findings that deny an Ingress although the model only warns: it goes on without what was asked for. */
const DENIED: ReadonlySet<string> = new Set([found.pathConflict.code, found.catchAllDisabled.code, found.annotationOtherPrefix.code]);

/** Undefined while the model was never built. */
export function judgeCandidate(state: ModelState, snapshot: Snapshot, { ingress, before }: Candidate): Judgement | undefined {
  const { config } = state;
  if (config === undefined) return undefined;
  const now = consider(state, snapshot, config, ingress, before === undefined);
  if (now === undefined) return { ours: false, denials: [], warnings: [], ingresses: 0 };
  const known = new Set((before && consider(state, snapshot, config, before, false)?.own)?.map(identity));
  const denials: Finding[] = [];
  const warnings: Finding[] = [];
  for (const finding of now.own) {
    // What was wrong before may stay so: or else nobody could add a label, or mend one fault of two.
    if (denies(finding, config) && !known.has(identity(finding))) denials.push(finding);
    else if (finding.severity !== "info") warnings.push(finding);
  }
  for (const finding of now.others) (finding.code === found.pathConflict.code ? denials : warnings).push(finding);
  return { ours: true, denials: sortFindings(denials), warnings: sortFindings(warnings), ingresses: now.ingresses };
}

function denies({ code, severity }: Finding, { strictValidatePathType }: Config): boolean {
  if (code === found.pathNotStrict.code) return strictValidatePathType;
  return severity === "error" || DENIED.has(code);
}

interface Considered {
  /** What is wrong with the Ingress. */
  readonly own: readonly Finding[];
  /** What becomes wrong with others by it. */
  readonly others: readonly Finding[];
  readonly ingresses: number;
}

/** An Ingress that is yet to be created is younger than all that exist, those of the same second included. */
const LAST: Age = { created: Infinity, file: "\uffff", document: 0, name: "" };

/** Undefined: the Ingress is not ours. @param isNew it does not exist yet. */
function consider(state: ModelState, snapshot: Snapshot, config: Config, ingress: Ingress, isNew: boolean): Considered | undefined {
  const { settings } = state;
  const admission = decideOwnership(ingress, readClasses(snapshot, settings), settings);
  if (!admission.ours) {
    const refused = admission.finding?.code === found.catchAllDisabled.code ? admission.finding : undefined;
    return refused && { own: [refused], others: [], ingresses: 1 };
  }
  const defaults = defaultValues(config);
  const { annotationsPrefix } = settings;
  const read = parseIngress(ingress, { annotationsPrefix, config, defaults, settings, lookup: lookupIn(snapshot, new Set()) });
  const aged = isNew ? { ...read, age: LAST } : read;
  const parsed = state.sizes.wouldBeBeyond(aged.key, { age: aged.age, size: sizeOf(aged) }) ? withoutRoom(aged) : aged;
  const context = routingContext(state, defaults, config);
  const neighbours = new Set<string>();
  const hosts = new Map<string, BuiltHost>();
  for (const host of parsed.hosts) {
    const ingresses = concerned(participants(state, host).filter(({ key }) => key !== parsed.key), parsed, host);
    for (const { key } of ingresses) neighbours.add(key);
    hosts.set(host, hostFrom(host, [...ingresses, parsed].sort((a, b) => byAge(a.age, b.age)), context));
  }
  const all = [...hosts.values()].flatMap(({ findings }) => findings);
  all.push(...aliasFindings(state, hosts));
  const isOwn = ({ object }: Finding): boolean => object.kind === "Ingress" && keyOf(object.namespace, object.name) === parsed.key;
  const said = new Set([...hosts.keys()].flatMap((host) => knownFindings(state, host)));
  return {
    own: [...parsed.findings.filter(({ elsewhere }) => elsewhere !== true), ...strictPaths(ingress), ...otherPrefix(ingress, annotationsPrefix), ...all.filter(isOwn)],
    others: all.filter((finding) => !isOwn(finding) && !said.has(identity(finding))),
    ingresses: neighbours.size + 1,
  };
}

/** More Ingresses of one host than this are not all looked at. */
const MANY = 500;

/**
 * Those of a host's Ingresses that the candidate can concern. Of very many these are the oldest, which decides what `/`
 * is, and those that declare one of its paths: conflicts are still found then, but other effects on them are not told.
 */
function concerned(ingresses: readonly ParsedIngress[], candidate: ParsedIngress, host: string): readonly ParsedIngress[] {
  if (ingresses.length <= MANY) return ingresses;
  const normal = (path: string): string => path.replace(/\/$/, "");
  const wanted = new Set(rulesFor(candidate, host).flatMap(({ paths }) => paths.map(({ path }) => normal(path))));
  const shares = (parsed: ParsedIngress): boolean => rulesFor(parsed, host).some(({ paths }) => paths.some(({ path }) => wanted.has(normal(path))));
  const oldest = ingresses.reduce((a, b) => (byAge(a.age, b.age) <= 0 ? a : b));
  return ingresses.filter((one) => one === oldest || one.defaultBackend !== undefined || shares(one));
}

/** Findings about the aliases that these hosts want, and about their own names where other hosts want them as aliases. */
function aliasFindings(state: ModelState, hosts: ReadonlyMap<string, BuiltHost>): readonly Finding[] {
  const wanted: Map<string, BuiltHost["aliases"]> = Map.groupBy([...hosts.values()].flatMap(({ aliases }) => aliases), ({ name }) => name);
  for (const host of hosts.keys()) if (host !== CATCH_ALL && state.hostAliases.to(host).size > 0 && !wanted.has(host)) wanted.set(host, []);
  return [...wanted].flatMap(([name, claims]) => {
    const others = claimsOn(state, name).filter(({ host }) => !hosts.has(host));
    const built = hosts.get(name);
    return grantAlias(name, [...others, ...claims], built ? built.host !== undefined : state.hosts.map.has(name)).findings;
  });
}

/** What the model says of the Ingresses of a host, and of who wants its name. */
function knownFindings(state: ModelState, host: string): string[] {
  const units = [`host ${host}`, `alias ${host}`, ...[...state.hostAliases.from(host)].map((name) => `alias ${name}`)];
  return units.flatMap((unit) => (state.findings.map.get(unit) ?? []).map(identity));
}

/** Findings whose sentence tells a size, which is no part of their identity: making a large Ingress smaller must not be denied as a new fault. */
const SIZED: ReadonlySet<string> = new Set([found.ingressTooLarge, found.namespaceTooLarge].map(({ code }) => code));

function identity({ code, object, field, sentence }: Finding): string {
  return `${code} ${object.kind} ${object.namespace}/${object.name} ${field} ${SIZED.has(code) ? "" : sentence}`;
}
