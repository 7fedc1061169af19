/** The values for deploy/chart as text, and the steps of the move. */
import { Document, isScalar, Scalar, visit } from "yaml";
import { fields, textOrNone, textRecord } from "../source/kubernetes/trim.ts";
import { printable, shellWord } from "../support/text.ts";
import type { OldController } from "./installation.ts";
import { carriedOver, type CarriedOver, type Installation } from "./values.ts";

export interface InstallPlan {
  /** values.yaml. */
  readonly values: string;
  readonly leftOut: CarriedOver["leftOut"];
  readonly release: string;
  readonly namespace: string;
  /** What is done, in order, and the command for it. */
  readonly steps: readonly PlannedStep[];
  /** The folder of deploy/kustomize that comes nearest. */
  readonly overlay: string;
}

interface PlannedStep {
  readonly what: string;
  readonly command: string;
}

/** What installs Sluice in the place of what was found. */
export function installPlan(found: Installation): InstallPlan {
  const carried = carriedOver(found);
  const { leftOut, release, namespace } = carried;
  return { values: valuesText(carried, found), leftOut, release, namespace, steps: stepsOf(carried, found), overlay: overlayOf(found) };
}

function valuesText({ values, leftOut, release, namespace }: CarriedOver, { controller }: Installation): string {
  const from = controller ? `${controller.workload.kind} ${printable(`${controller.workload.namespace}/${controller.workload.name}`)}` : "the flags that were given: no Deployment of ingress-nginx was found";
  const head = [`# Values for deploy/chart, release ${printable(release)} in namespace ${printable(namespace)}; made from ${from}.`, "# controller.image must name your image of Sluice; controller.nginx.resources are those that ingress-nginx had."];
  const tail = leftOut.length === 0 ? [] : ["", "# Left out:", ...leftOut.map(({ what, why }) => `# - ${what}${why === "" ? "" : `: ${printable(why)}`}`)];
  return `${head.join("\n")}\n${yamlOf(values)}${tail.map((line) => `${line}\n`).join("")}`;
}

/** Characters that nobody sees, line breaks aside. */
const UNSEEN_IN_YAML = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?![ ])\p{Zs}/u;

/** YAML in which no character is invisible: texts with such ones stand in quotes, as escapes. */
function yamlOf(values: unknown): string {
  const document = new Document(values, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === "string" && UNSEEN_IN_YAML.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 }).replace(new RegExp(UNSEEN_IN_YAML, "gu"), (c) => {
    const code = (c.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

function stepsOf({ release, base, namespace }: CarriedOver, { controller, arguments: old }: Installation): readonly PlannedStep[] {
  const labels = textRecord(fields(fields(controller?.workload.value)["metadata"])["labels"]) ?? {};
  const byHelm = labels["app.kubernetes.io/managed-by"] === "Helm";
  const [chart, place] = [`${shellWord(release)} deploy/chart`, `--namespace ${shellWord(namespace)} --values values.yaml`];
  return [
    ...(old && old.settings.validatingWebhook !== "" ? [{ what: "Its webhook would refuse every change of an Ingress once its pods are gone", command: `kubectl delete validatingwebhookconfiguration ${shellWord(`${base}-admission`)}` }] : []),
    ...(controller && !hasSelectorOfChart(controller, release) ? [{ what: `The ${controller.workload.kind} selects its pods by other labels than the chart's, and Kubernetes lets nobody change the selector of a ${controller.workload.kind}: delete the old one first (requests fail until the new pods are ready), or set fullnameOverride to another name in the values, and both serve side by side`, command: `kubectl --namespace ${shellWord(namespace)} delete ${controller.workload.kind.toLowerCase()} ${shellWord(controller.workload.name)}` }] : []),
    byHelm
      ? { what: "In place, under the same release", command: `helm upgrade ${chart} ${place}` }
      : { what: "In place, over what kubectl has applied", command: `helm template ${chart} ${place} | kubectl apply --namespace ${shellWord(namespace)} -f -` },
    { what: "Wait for the pods", command: `kubectl --namespace ${shellWord(namespace)} rollout status ${controller?.workload.kind.toLowerCase() ?? "deployment"}/${shellWord(`${base}-controller`)}` },
  ];
}

/** Whether the chart, with the values of this plan, selects its pods as the workload does. */
function hasSelectorOfChart({ workload, spec }: OldController, release: string): boolean {
  const own = textRecord(fields(spec["selector"])["matchLabels"]) ?? {};
  const app = textRecord(fields(fields(workload.value)["metadata"])["labels"])?.["app.kubernetes.io/name"] ?? "ingress-nginx";
  const charts: Readonly<Record<string, string>> = { "app.kubernetes.io/name": app, "app.kubernetes.io/instance": release, "app.kubernetes.io/component": "controller" };
  return Object.keys(own).length === Object.keys(charts).length && Object.entries(charts).every(([key, value]) => own[key] === value);
}

function overlayOf({ controller, front }: Installation): string {
  if (controller?.pod["hostNetwork"] === true) return "host-network";
  return textOrNone(fields(fields(front?.value)["spec"])["type"]) === "NodePort" ? "node-port" : "load-balancer";
}
