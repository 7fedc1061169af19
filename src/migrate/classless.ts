/** Ingresses without any class: what ingress-nginx served of them, and what Sluice must be told to serve them, too. */
import type { Built } from "../model/model.ts";
import type { CommandLine } from "../settings.ts";
import type { Ingress } from "../source/objects.ts";
import { LEGACY_CLASS, type Snapshot } from "../source/snapshot.ts";
import { printable } from "../support/text.ts";
import type { OldArguments } from "./arguments.ts";
import type { OldController } from "./installation.ts";
import { versionText } from "./old-version.ts";

/** An Ingress, with its place where it comes from a file. */
export interface PlacedIngress {
  readonly namespace: string;
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

export interface Classless {
  /** `served`: with the values of the report; `stops`: Sluice will not serve them; `may stop`: nobody knows whether ingress-nginx does. */
  readonly state: "served" | "stops" | "may stop";
  readonly ingresses: readonly PlacedIngress[];
  /** Why, with the remedy. */
  readonly sentence: string;
}

export interface ClasslessInput {
  readonly snapshot: Snapshot;
  readonly built: Built;
  /** What the objects are judged with. */
  readonly settings: CommandLine;
  readonly controller: OldController | undefined;
  readonly arguments: OldArguments | undefined;
  readonly findings: readonly { readonly code: string; readonly object: { readonly kind: string; readonly namespace: string; readonly name: string } }[];
  /** Called before each place in a file is looked for. */
  readonly before: () => void;
}

const FLAG = "--watch-ingress-without-class";
const VALUE = "controller.watchIngressWithoutClass: true";

/** @returns undefined where no such Ingress is served only by a flag, or ingress-nginx ignores them, too. */
export function classlessOf(input: ClasslessInput): Classless | undefined {
  const { settings: { watchIngressWithoutClass: isServed, ingressClass }, controller, arguments: old } = input;
  const wasServed = old?.settings.watchIngressWithoutClass === true;
  const isKnown = controller !== undefined && versionText(controller.image) !== undefined;
  if (!isServed && !wasServed && isKnown) return undefined;
  const ingresses = (isServed ? ownWithoutClass(input) : ignoredWithoutClass(input)).map((one) => placed(one, input.before));
  if (ingresses.length === 0) return undefined;
  const remedy = `write "ingressClassName: ${printable(ingressClass)}" into each`;
  if (isServed) {
    const why = wasServed ? `${old.assumed ? `ingress-nginx ${versionText(controller?.image ?? "") ?? ""} serves` : "ingress-nginx was told to serve"} them` : "You asked for them";
    return { state: "served", ingresses, sentence: `${why}; Sluice serves them only with ${FLAG}, and ignores them without it: install it with the chart's value ${VALUE}, which the values below hold, or ${remedy}. What is said of them here holds with the flag.` };
  }
  if (wasServed) return { state: "stops", ingresses, sentence: `ingress-nginx serves them, and Sluice will not with ${FLAG}=false, which you gave: leave it out, so that the values hold ${VALUE}, or ${remedy}.` };
  return { state: "may stop", ingresses, sentence: `ingress-nginx before 1.0 serves them, and so does any with ${FLAG}; which release serves them is not known here, and Sluice ignores them: where they are served, give ${FLAG} to this command and to Sluice (the chart's value ${VALUE}), or ${remedy}.` };
}

function isClassless({ metadata, spec }: Ingress): boolean {
  return spec.ingressClassName === undefined && metadata.annotations?.[LEGACY_CLASS] === undefined;
}

function ownWithoutClass({ built }: ClasslessInput): readonly Ingress[] {
  return [...built.own.values()].map(({ object }) => object).filter(isClassless);
}

/** Those in watched namespaces that a class alone keeps from being served. */
function ignoredWithoutClass({ snapshot, findings }: ClasslessInput): readonly Ingress[] {
  const ignored = findings.filter(({ code }) => code === "ingress-class-missing");
  return ignored.flatMap(({ object: { namespace, name } }) => snapshot.get("Ingress", namespace, name) ?? []);
}

/** @param before is called before the place is looked for. */
export function placed({ metadata: { namespace, name }, origin }: Ingress, before: () => void): PlacedIngress {
  if (!origin) return { namespace, name };
  before();
  return { namespace, name, file: origin.file, line: origin.line("metadata.name") };
}
