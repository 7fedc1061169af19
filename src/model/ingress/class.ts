/**
 * Which Ingresses are ours.
 *
 * ingress-nginx behaviour, with its defects mended: a class that appears, changes or goes takes effect on existing
 * Ingresses at once; and a default class is read here, because files pass no admission that would fill it in.
 */
import type { Settings } from "../../settings.ts";
import type { Ingress, IngressClass } from "../../source/objects.ts";
import { LEGACY_CLASS } from "../../source/snapshot.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { closest } from "../../support/edit-distance.ts";
import { parseLabelSelector } from "../../support/label-selector.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";

export type ClassSettings = Pick<
  Settings,
  "watchNamespace" | "watchNamespaceSelector" | "ingressClass" | "controllerClass" | "ingressClassByName" | "watchIngressWithoutClass" | "disableCatchAll"
>;

/** What the IngressClasses of a Snapshot mean for us. */
export interface Classes {
  /** True: there is no IngressClass at all: a folder without any, or a cluster that does not let us read them. */
  readonly none: boolean;
  readonly ours: ReadonlySet<string>;
  readonly others: ReadonlySet<string>;
  /** True when one of ours is marked as the default. */
  readonly oursIsDefault: boolean;
  /** Whether Ingresses of this namespace are looked at. */
  selects(namespace: string): boolean;
}

/** `finding`: why the Ingress is not ours, where its author may not expect it. */
export interface Admission {
  readonly ours: boolean;
  readonly finding?: Finding;
}

const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";
const OURS: Admission = { ours: true };
const NOT_OURS: Admission = { ours: false };

/** Whether an IngressClass is ours: by its controller, or by its name where that is asked for. */
export function isOurClass({ metadata, spec }: IngressClass, { controllerClass, ingressClassByName, ingressClass }: Pick<ClassSettings, "controllerClass" | "ingressClassByName" | "ingressClass">): boolean {
  return spec.controller === controllerClass || (ingressClassByName && metadata.name === ingressClass);
}

export function readClasses(snapshot: Pick<Snapshot, "all" | "get">, settings: ClassSettings): Classes {
  const ours = new Set<string>();
  const others = new Set<string>();
  let oursIsDefault = false;
  for (const one of snapshot.all("IngressClass").values()) {
    const { metadata } = one;
    if (!isOurClass(one, settings)) {
      others.add(metadata.name);
      continue;
    }
    ours.add(metadata.name);
    oursIsDefault ||= metadata.annotations?.[DEFAULT_CLASS] === "true";
  }
  return { none: ours.size + others.size === 0, ours, others, oursIsDefault, selects: selection(snapshot, settings) };
}

/** Selects by the labels that Namespaces have now. A Namespace that is not known has no labels. */
function selection(snapshot: Pick<Snapshot, "get">, { watchNamespace, watchNamespaceSelector }: ClassSettings): Classes["selects"] {
  if (watchNamespace !== "") return (namespace) => namespace === watchNamespace;
  if (watchNamespaceSelector === "") return () => true;
  const selector = parseLabelSelector(watchNamespaceSelector);
  return (namespace) => selector?.matches(snapshot.get("Namespace", "", namespace)?.metadata.labels ?? {}) ?? false;
}

export function decideOwnership(ingress: Ingress, classes: Classes, settings: ClassSettings): Admission {
  if (!classes.selects(ingress.metadata.namespace)) return NOT_OURS;
  const admission = admitByClass(ingress, classes, settings);
  if (!admission.ours || !settings.disableCatchAll || ingress.spec.defaultBackend === undefined) return admission;
  return { ours: false, finding: found.catchAllDisabled({ object: ingress, field: "spec.defaultBackend" }, {}) };
}

/**
 * An Ingress whose annotation is not our class. ingress-nginx behaviour: the annotation must be the class exactly. A
 * finding tells of a value that can only be a slip.
 */
function ofOthers(ingress: Ingress, legacy: string, classes: Classes, { ingressClass: ours }: ClassSettings): Admission {
  const meant = legacy.trim().toLowerCase();
  if (meant !== "" && meant !== ours && !isSlip(meant, legacy, ours, classes)) return NOT_OURS;
  const place = { object: ingress, field: `metadata.annotations[${LEGACY_CLASS}]` };
  return { ours: false, finding: found.classAnnotationUnusable(place, { annotation: LEGACY_CLASS, value: legacy, ours }) };
}

/** Whether our class was mistyped. A name that goes on behind ours (`nginx-internal`) is another controller's. */
function isSlip(meant: string, legacy: string, ours: string, { others }: Classes): boolean {
  return !others.has(legacy) && !meant.startsWith(ours) && closest(meant, [ours]) !== undefined;
}

function admitByClass(ingress: Ingress, classes: Classes, settings: ClassSettings): Admission {
  const name = ingress.spec.ingressClassName;
  const legacy = ingress.metadata.annotations?.[LEGACY_CLASS];
  // Where no class can be read, the annotation may still say whose the Ingress is.
  if (name !== undefined && !(classes.none && name !== settings.ingressClass && legacy !== undefined)) {
    if (classes.ours.has(name) || (classes.none && name === settings.ingressClass)) return OURS;
    if (classes.others.has(name)) return NOT_OURS;
    const known = [...classes.ours].sort();
    return { ours: false, finding: found.ingressClassUnknown({ object: ingress, field: "spec.ingressClassName" }, { name, known }) };
  }
  if (legacy !== undefined) return legacy === settings.ingressClass ? OURS : ofOthers(ingress, legacy, classes, settings);
  if (settings.watchIngressWithoutClass || classes.oursIsDefault) return OURS;
  return { ours: false, finding: found.ingressClassMissing({ object: ingress, field: "spec" }, { name: settings.ingressClass }) };
}
