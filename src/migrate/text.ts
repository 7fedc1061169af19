/** The report for people at a terminal: counts first, then what needs a look, then what to install. */
import { subjectText } from "../model/findings/findings.ts";
import type { Paint } from "../support/terminal.ts";
import { printable, wrapped } from "../support/text.ts";
import type { Classless, PlacedIngress } from "./classless.ts";
import { COMBINATIONS_HEADING } from "./combinations.ts";
import type { MoveReport, MoveSummary } from "./report.ts";
import type { Use } from "./uses.ts";
import type { MoveRemark, MoveVerdict, ReportedObject } from "./verdicts.ts";

const NARROWEST = 60;
const COLOUR = { error: "red", warning: "yellow", info: "cyan", differs: "blue" } as const;

/** How each verdict heads its objects. */
export const VERDICT_HEADING: Readonly<Record<MoveVerdict, string>> = {
  "not read": "Cannot be read",
  refused: "Refused as a whole",
  missing: "Named, and not there",
  "refused in part": "Refused in part, or broken",
  differs: "Work, with a difference or a warning",
  works: "Work as they are",
  "not ours": "Not ours: of other classes, or not used by our Ingresses",
};

/** The counted things of a summary, with their names. */
export function summaryRows({ verdicts, ours, otherIngresses, hosts, paths, certificates, canaries, tcpPorts, udpPorts }: MoveSummary): readonly (readonly [label: string, value: string])[] {
  const kinds = Object.entries(ours).sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${count} ${plural(kind, count)}`);
  const total = Object.values(ours).reduce((sum, count) => sum + count, 0);
  return [
    ["objects", `${total}${kinds.length > 0 ? `: ${kinds.join(", ")}` : ""}`],
    ["work as they are", String(verdicts.works)],
    ["work, with a difference or a warning", String(verdicts.differs)],
    ["refused in part, or broken", String(verdicts["refused in part"])],
    ["refused as a whole", String(verdicts.refused)],
    ["named, and not there", String(verdicts.missing)],
    ["cannot be read", String(verdicts["not read"])],
    ["Ingresses of other classes", String(otherIngresses)],
    ["hosts, paths, canaries", `${hosts}, ${paths}, ${canaries}`],
    ["TLS Secrets named by Ingresses", `${certificates.named}, of which ${certificates.read} hold a certificate that can be used`],
    ["TCP ports, UDP ports", `${tcpPorts}, ${udpPorts}`],
  ];
}

function plural(kind: string, count: number): string {
  if (count === 1) return kind;
  return /(?:s|ss)$/.test(kind) ? `${kind}es` : `${kind}s`;
}

/** @param columns of a line. @param paint of headings and severities. */
export function moveText(report: MoveReport, columns: number, paint: Paint): string {
  const width = Math.max(NARROWEST, columns);
  const lines = [
    paint("bold", "Moving from ingress-nginx to Sluice"), "",
    ...wrapped(`Read: ${report.source}. ${report.notes.join(" ")}`, width, ""), "",
    ...summaryLines(report.summary, paint),
    ...(report.classless ? ingressLines(CLASSLESS_HEADING[report.classless.state], report.classless, width, paint) : []),
    ...objectLines(report.objects, width, paint),
    ...(report.combinations ? ingressLines(COMBINATIONS_HEADING, report.combinations, width, paint) : []),
    ...useLines("Annotations", report.annotations, width, paint),
    ...useLines("ConfigMap keys", report.keys, width, paint),
    ...controllerLines(report, width, paint),
    ...installLines(report, width, paint),
  ];
  return `${lines.join("\n")}\n`;
}

function summaryLines(summary: MoveSummary, paint: Paint): string[] {
  const rows = summaryRows(summary);
  const labels = Math.max(...rows.map(([label]) => label.length));
  return [paint("bold", "Summary"), ...rows.map(([label, value]) => `  ${label.padEnd(labels)}  ${value}`), ""];
}

/** How each state of Ingresses without a class heads them. */
export const CLASSLESS_HEADING: Readonly<Record<Classless["state"], string>> = {
  served: "Without a class: served only with --watch-ingress-without-class",
  stops: "Without a class: will stop being served",
  "may stop": "Without a class: may stop being served",
};

interface ToldIngresses {
  readonly ingresses: readonly PlacedIngress[];
  readonly sentence: string;
}

function ingressLines(heading: string, { ingresses, sentence }: ToldIngresses, width: number, paint: Paint): string[] {
  return [
    paint("bold", heading),
    ...ingresses.map(({ namespace, name, file, line }) => `  ${printable(`Ingress ${namespace}/${name}`)}${file === undefined ? "" : `  ${placeText(file, line)}`}`),
    ...wrapped(sentence, width, "    "),
    "",
  ];
}

function objectLines(objects: readonly ReportedObject[], width: number, paint: Paint): string[] {
  return [...Map.groupBy(objects, ({ verdict }) => verdict)].flatMap(([verdict, group]) => [
    paint("bold", VERDICT_HEADING[verdict]),
    ...group.flatMap((object) => [
      `  ${printable(subjectText(object))}${object.file === undefined || object.kind === "File" ? "" : `  ${placeText(object.file, object.line)}`}`,
      ...object.remarks.filter(({ kind }) => kind !== "differs").flatMap((remark) => remarkLines(remark, object, width, paint)),
      ...differenceLines(object, width, paint),
    ]),
    "",
  ]);
}

/** `file:line`, or the field where there is no file. */
export function placeText(file: string, line: number | undefined): string {
  return printable(line === undefined ? file : `${file}:${line}`);
}

function remarkLines({ kind, code, field, text, file, line }: MoveRemark, object: ReportedObject, width: number, paint: Paint): string[] {
  const place = line === undefined ? printable(field) : file === object.file ? `line ${line}` : placeText(file ?? "", line);
  return [`    ${paint(COLOUR[kind], kind.padEnd(7))}  ${[place, code].filter((one) => one !== "").join("  ")}`, ...wrapped(text, width, "      ")];
}

/** Names and lines alone: the sentences stand once, beside the numbers of uses. */
function differenceLines({ remarks }: ReportedObject, width: number, paint: Paint): string[] {
  const names = remarks.filter(({ kind }) => kind === "differs").map(({ code, line }) => (line === undefined ? code : `${code} (line ${line})`));
  return names.length === 0 ? [] : wrapped(names.join(", "), width, "             ").map((text, index) => (index === 0 ? `    ${paint(COLOUR.differs, "differs")}  ${text.trimStart()}` : text));
}

function useLines(heading: string, uses: readonly Use[], width: number, paint: Paint): string[] {
  if (uses.length === 0) return [];
  const names = Math.min(40, Math.max(...uses.map(({ name }) => name.length)));
  return [
    paint("bold", `${heading}, by number of uses`),
    ...uses.flatMap(({ name, uses: count, errors, state, sentence }) => [
      `  ${String(count).padStart(4)}  ${name.padEnd(names)}  ${state}${errors > 0 ? `, ${errors} with an error` : ""}`,
      ...wrapped(sentence, width, "        "),
    ]),
    "",
  ];
}

function controllerLines({ controller, arguments: all, service, rights }: MoveReport, width: number, paint: Paint): string[] {
  if (!controller) return [];
  const { kind, namespace, name, image, file, line } = controller;
  const texts = Math.min(50, Math.max(0, ...all.map(({ text }) => text.length)));
  return [
    paint("bold", "The controller"),
    `  ${printable(`${kind} ${namespace}/${name}`)}${file === undefined ? "" : `  ${placeText(file, line)}`}`,
    ...wrapped(`image ${image}`, width, "    "),
    ...all.flatMap(({ text, state, sentence }) => [`    ${text.padEnd(texts)}  ${state}`, ...wrapped(sentence, width, "        ")]),
    ...(service ? [`  ${printable(`Service ${service.namespace}/${service.name}`)}, kept in the values:`, ...service.kept.flatMap((one) => wrapped(one, width, "    "))] : ["  No Service of it was found: set controller.service in the values."]),
    ...wrapped(rights, width, "  "),
    "",
  ];
}

function installLines({ install: { values, steps, overlay } }: MoveReport, width: number, paint: Paint): string[] {
  return [
    paint("bold", "What to install"),
    ...steps.flatMap(({ what, command }, index) => [...wrapped(`${index + 1}. ${what}:`, width, "  "), `     ${command}`]),
    ...wrapped(`Without Helm, deploy/kustomize/overlays/${overlay} comes nearest; the values below say what a kustomization of your own has to change.`, width, "  "),
    "",
    paint("bold", "values.yaml (alone: --values)"),
    ...values.trimEnd().split("\n").map((one) => (one === "" ? "" : `  ${one}`)),
  ];
}
