/** The report of a move from ingress-nginx, as data: the forms for people and tools are made from it. */
import { isOurClass } from "../model/ingress/class.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import { rowsOf } from "../get/rows.ts";
import type { Program } from "../compile/program.ts";
import type { ConfigMap } from "../source/objects.ts";
import { fields, textOrNone, textRecord } from "../source/kubernetes/trim.ts";
import type { RawObject } from "../source/raw.ts";
import { splitName } from "../support/namespaced-name.ts";
import { printable } from "../support/text.ts";
import type { OldArgument, OldArguments } from "./arguments.ts";
import { frontOf, portsOf, typeOf, type OldController } from "./installation.ts";
import { classlessOf, type Classless } from "./classless.ts";
import { combinationsOf, type Combinations } from "./combinations.ts";
import { keepsRest, versionText } from "./old-version.ts";
import { installPlan, type InstallPlan } from "./plan.ts";
import { rightsText } from "./rights.ts";
import { annotationUses, keyUses, type Use } from "./uses.ts";
import { ownIngresses, reportedObjects, type JudgedObjects, type MoveVerdict, type ReportedObject } from "./verdicts.ts";
import type { CommandLine } from "../settings.ts";

export interface MoveReport {
  /** Where the objects were read. */
  readonly source: string;
  /** ingress-nginx's Deployment or DaemonSet; absent: none was found. */
  readonly controller?: { readonly kind: string; readonly namespace: string; readonly name: string; readonly image: string; readonly file?: string; readonly line?: number };
  /** How it was read, and what could not be, in sentences. */
  readonly notes: readonly string[];
  readonly summary: MoveSummary;
  /** Absent: there is none that a flag or a version decides about. */
  readonly classless?: Classless;
  /** Absent: nginx always has what the Ingresses ask for. */
  readonly combinations?: Combinations;
  /** Those that simply work are counted in `summary`, and listed only when they are asked for. */
  readonly objects: readonly ReportedObject[];
  readonly annotations: readonly Use[];
  readonly keys: readonly Use[];
  readonly arguments: readonly OldArgument[];
  readonly service?: { readonly namespace: string; readonly name: string; readonly kept: readonly string[] };
  readonly rights: string;
  readonly install: InstallPlan;
}

export interface MoveSummary {
  /** Kind → how many of it are ours. */
  readonly ours: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<MoveVerdict, number>>;
  /** Ingresses that are not ours, which stay with their controllers. */
  readonly otherIngresses: number;
  readonly hosts: number;
  readonly paths: number;
  /** Secrets that Ingresses name for TLS, and those of them that were read. */
  readonly certificates: { readonly named: number; readonly read: number };
  readonly canaries: number;
  readonly tcpPorts: number;
  readonly udpPorts: number;
}

interface ReportInput extends Omit<JudgedObjects, "keepsRest"> {
  readonly settings: CommandLine;
  readonly program: Program;
  readonly source: string;
  readonly controller: OldController | undefined;
  readonly arguments: OldArguments | undefined;
  /** Services, as they are written. */
  readonly services: readonly RawObject[];
  /** ClusterRoles and their bindings, as far as they could be read. */
  readonly roles: readonly RawObject[];
  readonly notes: readonly string[];
}

/** Pure, but for the places of fields, which are looked for in the text. */
export function moveReport(given: ReportInput): MoveReport {
  const input = { ...given, keepsRest: keepsRest(given.controller) };
  const { snapshot, built, settings, findings, controller, all } = input;
  const objects = reportedObjects(input);
  const configMap = configMapOf(input, settings.configmap);
  const classless = classlessOf(input);
  const combinations = combinationsOf(input);
  const front = controller && frontOf(controller, input.services, input.arguments?.settings.publishService ?? "");
  const install = installPlan({
    controller, arguments: input.arguments, front, settings, configMap,
    tcp: configMapOf(input, settings.tcpServicesConfigmap), udp: configMapOf(input, settings.udpServicesConfigmap),
    classes: [...snapshot.all("IngressClass").values()].filter((one) => isOurClass(one, settings)),
  });
  return {
    source: input.source,
    ...(controller ? { controller: describedController(controller) } : {}),
    notes: [...input.notes, ...assumptionOf(input)],
    summary: summaryOf(input, objects),
    ...(classless ? { classless } : {}),
    ...(combinations ? { combinations } : {}),
    objects: all ? objects : objects.filter(({ verdict, remarks }) => verdict !== "works" || remarks.length > 0),
    annotations: annotationUses(ownIngresses(built), { prefix: settings.annotationsPrefix, keepsRest: input.keepsRest }, findings),
    keys: configMap ? keyUses(configMap, findings) : [],
    arguments: input.arguments?.all ?? [],
    ...(front ? { service: { namespace: front.namespace, name: front.name, kept: keptOf(front) } } : {}),
    rights: rightsText(controller, input.roles),
    install,
  };
}

function assumptionOf({ controller, arguments: old, settings }: ReportInput): readonly string[] {
  if (!controller || old?.assumed !== true || !settings.watchIngressWithoutClass) return [];
  return [`ingress-nginx ${printable(versionText(controller.image) ?? "")} serves Ingresses without a class by itself, so --watch-ingress-without-class is assumed.`];
}

function configMapOf({ snapshot }: ReportInput, key: string): ConfigMap | undefined {
  const ref = splitName(key);
  return ref && snapshot.get("ConfigMap", ref.namespace, ref.name);
}

function describedController({ workload, image }: OldController): NonNullable<MoveReport["controller"]> {
  const { kind, namespace, name, origin } = workload;
  return { kind, namespace, name, image, ...(origin ? { file: origin.file, line: origin.line("metadata.name") } : {}) };
}

function summaryOf({ snapshot, built: { model, own }, program }: ReportInput, objects: readonly ReportedObject[]): MoveSummary {
  const verdicts: Record<MoveVerdict, number> = { "not read": 0, refused: 0, missing: 0, "refused in part": 0, differs: 0, works: 0, "not ours": 0 };
  const ours: Record<string, number> = {};
  for (const { kind, verdict } of objects) {
    verdicts[verdict]++;
    if (verdict !== "not ours" && verdict !== "not read" && verdict !== "missing") ours[kind] = (ours[kind] ?? 0) + 1;
  }
  const served = { model, program, findings: [] };
  const named = new Set([...own.values()].flatMap(({ object: { metadata, spec } }) => (spec.tls ?? []).flatMap(({ secretName }) => (secretName ? [`${metadata.namespace}/${secretName}`] : []))));
  const read = new Set([...model.certificates.values()].map(({ origin }) => `${origin.namespace}/${origin.name}`));
  const ports = (protocol: string): number => new Set([...model.listeners.values()].filter((one) => one.protocol === protocol).map(({ port }) => port)).size;
  return {
    ours, verdicts,
    otherIngresses: snapshot.all("Ingress").size - own.size,
    hosts: rowsOf("hosts", served).filter(({ host }) => host !== "*" && host !== CATCH_ALL).length,
    paths: rowsOf("routes", served).length,
    certificates: { named: named.size, read: [...named].filter((key) => read.has(key)).length },
    canaries: rowsOf("canaries", served).length,
    tcpPorts: ports("tcp"), udpPorts: ports("udp"),
  };
}

/** What of the Service becomes values of the chart. */
function keptOf(service: RawObject): readonly string[] {
  const spec = fields(fields(service.value)["spec"]);
  const annotations = Object.keys(textRecord(fields(fields(service.value)["metadata"])["annotations"], "kubectl.kubernetes.io/last-applied-configuration") ?? {});
  const one = (field: string): readonly string[] => {
    const value = textOrNone(spec[field]);
    return value === undefined ? [] : [`${field} ${value}`];
  };
  return [
    `type ${typeOf(service)}`,
    `ports ${portsOf(service).map(({ port, nodePort }) => (nodePort === undefined ? String(port) : `${port} (node port ${nodePort})`)).join(", ")}`,
    ...["externalTrafficPolicy", "loadBalancerIP", "loadBalancerClass"].flatMap(one),
    ...(annotations.length > 0 ? [`annotations ${annotations.join(", ")}`] : []),
  ];
}

/** Whether something is refused, or could not be read: then the exit code is 1. */
export function refusesSomething({ summary: { verdicts }, objects, arguments: all }: MoveReport, unread: boolean): boolean {
  return unread || verdicts["not read"] + verdicts.refused + verdicts["refused in part"] > 0
    || objects.some(({ remarks }) => remarks.some(({ kind }) => kind === "error")) || all.some(({ state }) => state === "refused");
}
