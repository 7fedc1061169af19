/** What becomes of each object: it works, works with a difference, or is refused, from the findings about it and the tables. */
import { isOurClass } from "../model/ingress/class.ts";
import { messageText, type PlacedFinding } from "../check/result.ts";
import type { Severity } from "../model/findings/findings.ts";
import type { Built } from "../model/model.ts";
import type { Settings } from "../settings.ts";
import type { AnyObject, Ingress, Kind } from "../source/objects.ts";
import type { Snapshot } from "../source/snapshot.ts";
import { splitName } from "../support/namespaced-name.ts";
import { differencesOfConfig, differencesOfIngress, type OnPurpose } from "./uses.ts";

/** `missing`: a flag names it, and it is not there; `not ours`: another controller's, or of no effect; `not read`: it cannot be read at all. */
export type MoveVerdict = "works" | "differs" | "refused in part" | "refused" | "not ours" | "missing" | "not read";

export interface MoveRemark {
  readonly kind: Severity | "differs";
  /** The finding's code; of a difference the name of the annotation or key. */
  readonly code: string;
  readonly field: string;
  /** What is wrong with its remedy and effect, or how it differs. */
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ReportedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly verdict: MoveVerdict;
  readonly remarks: readonly MoveRemark[];
  readonly file?: string;
  readonly line?: number;
}

export interface JudgedObjects {
  readonly snapshot: Snapshot;
  readonly built: Built;
  readonly settings: Settings;
  readonly findings: readonly PlacedFinding[];
  /** `rewrite-target` of ingress-nginx kept the rest of the path. */
  readonly keepsRest: boolean;
  /** Called before each place in a file is looked for. */
  readonly before: () => void;
  /** Whether objects that simply work are listed, too, with their lines. */
  readonly all: boolean;
}

/** Every object that is ours, and every other one with a finding. Those that are refused come first, then those with most to say. */
export function reportedObjects(judged: JudgedObjects): readonly ReportedObject[] {
  const { snapshot, findings } = judged;
  const byObject = Map.groupBy(findings, ({ object: { kind, namespace, name } }) => keyOfReported(kind, namespace, name));
  const ours = oursOf(judged);
  const reported = [...ours].map(([key, object]) => reportOwn(judged, object, byObject.get(key) ?? []));
  const others = [...byObject].flatMap(([key, told]): readonly ReportedObject[] => {
    const [first] = told;
    if (first === undefined || ours.has(key)) return [];
    const { kind, namespace, name } = first.object;
    const known = isKind(kind) ? snapshot.get(kind, namespace, name) : undefined;
    const verdict = known === undefined ? verdictOfAbsent(kind, told) : "not ours";
    return [{ kind, namespace, name, verdict, remarks: told.map(remarkOf), ...placeOf(first) }];
  });
  return [...reported, ...others].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || compareTexts(keyOfReported(a.kind, a.namespace, a.name), keyOfReported(b.kind, b.namespace, b.name)));
}

/** An object that no Snapshot has: a flag or an object names it, or it is no object that could be read. */
function verdictOfAbsent(kind: string, told: readonly PlacedFinding[]): MoveVerdict {
  if (isKind(kind) && told.every(({ code }) => code.endsWith("-missing"))) return "missing";
  return told.some(({ severity }) => severity === "error") ? "not read" : "not ours";
}

const ORDER: readonly MoveVerdict[] = ["not read", "refused", "missing", "refused in part", "differs", "works", "not ours"];
const KINDS: readonly string[] = ["Ingress", "IngressClass", "Service", "EndpointSlice", "Secret", "ConfigMap", "Namespace", "Node"];

function isKind(kind: string): kind is Kind {
  return KINDS.includes(kind);
}

function keyOfReported(kind: string, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Our Ingresses and IngressClasses, and what these and the flags name: the Services that get requests, ConfigMaps, Secrets. */
function oursOf({ snapshot, built, settings }: JudgedObjects): ReadonlyMap<string, AnyObject> {
  const { configmap, tcpServicesConfigmap, udpServicesConfigmap } = settings;
  const named = <K extends Kind>(kind: K, keys: Iterable<string>) => [...keys].flatMap((key) => {
    const ref = splitName(key);
    return ref ? (snapshot.get(kind, ref.namespace, ref.name) ?? []) : [];
  });
  const services = [...built.model.pools.keys()].map((id) => id.split("/").slice(0, 2).join("/"));
  const all: readonly AnyObject[] = [
    ...ownIngresses(built),
    ...[...snapshot.all("IngressClass").values()].filter((one) => isOurClass(one, settings)),
    ...named("ConfigMap", [configmap, tcpServicesConfigmap, udpServicesConfigmap, ...built.wanted.configMaps]),
    ...named("Service", services),
    ...named("Secret", built.wanted.secrets),
  ];
  return new Map(all.map((object) => [keyOfReported(object.kind, object.metadata.namespace, object.metadata.name), object]));
}

export function ownIngresses({ own }: Built): readonly Ingress[] {
  return [...own.values()].map(({ object }) => object);
}

function reportOwn({ built, settings, before, all, keepsRest }: JudgedObjects, object: AnyObject, findings: readonly PlacedFinding[]): ReportedObject {
  const { kind, metadata: { namespace, name }, origin } = object;
  const onPurpose = kind === "Ingress" ? differencesOfIngress(object, { prefix: settings.annotationsPrefix, keepsRest }) : kind === "ConfigMap" && `${namespace}/${name}` === settings.configmap ? differencesOfConfig(object) : [];
  if (origin) before();
  const remarks = [...findings.map(remarkOf), ...onPurpose.map((one) => differenceRemark(one, object))];
  const refused = built.own.get(keyOfReported(kind, namespace, name))?.refused === true;
  const verdict = refused ? "refused" : verdictOf(remarks);
  // A line costs a second reading of the text.
  const isListed = origin !== undefined && (all || remarks.length > 0);
  return { kind, namespace, name, verdict, remarks, ...(isListed ? { file: origin.file, line: origin.line("metadata.name") } : {}) };
}

function verdictOf(remarks: readonly MoveRemark[]): MoveVerdict {
  if (remarks.some(({ kind }) => kind === "error")) return "refused in part";
  return remarks.some(({ kind }) => kind !== "info") ? "differs" : "works";
}

function differenceRemark({ name, field, sentence }: OnPurpose, { origin }: AnyObject): MoveRemark {
  return { kind: "differs", code: name, field, text: sentence, ...(origin ? { file: origin.file, line: origin.line(field) } : {}) };
}

function remarkOf(finding: PlacedFinding): MoveRemark {
  const { severity, code, field } = finding;
  return { kind: severity, code, field, text: messageText(finding), ...placeOf(finding) };
}

function placeOf({ file, line }: PlacedFinding): Pick<MoveRemark, "file" | "line"> {
  return file === undefined ? {} : { file, ...(line === undefined ? {} : { line }) };
}
