/** Compares the rights of ingress-nginx's account in all namespaces with those that Sluice needs there. */
import { fields, list, textOrNone } from "../source/kubernetes/trim.ts";
import type { RawObject } from "../source/raw.ts";
import { printable } from "../support/text.ts";
import type { OldController } from "./installation.ts";

export const ROLE_KINDS: readonly string[] = ["ClusterRole", "ClusterRoleBinding"];

export interface Rule {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Guarantee: these are the rules of deploy/kustomize/base/cluster-role.yaml. */
export const NEEDED: readonly Rule[] = [
  { group: "networking.k8s.io", resources: ["ingresses"], verbs: ["get", "list", "watch"] },
  { group: "networking.k8s.io", resources: ["ingressclasses"], verbs: ["list", "watch"] },
  { group: "discovery.k8s.io", resources: ["endpointslices"], verbs: ["list", "watch"] },
  { group: "", resources: ["services"], verbs: ["get", "list", "watch"] },
  { group: "", resources: ["secrets", "configmaps"], verbs: ["get", "list", "watch"] },
  { group: "", resources: ["namespaces"], verbs: ["get", "list", "watch"] },
  { group: "", resources: ["nodes"], verbs: ["get"] },
  { group: "networking.k8s.io", resources: ["ingresses/status"], verbs: ["patch"] },
  { group: "", resources: ["events"], verbs: ["create", "patch"] },
];

const INSTALLED = "Rights: deploy/ installs a ClusterRole and a Role that hold what Sluice needs, with the reason of each rule, in the place of ingress-nginx's.";
const NARROWER = "With --secrets=named it reads those Secrets alone that are referred to.";
const GROUP = "rbac.authorization.k8s.io";

/** What is said of rights. @param objects among them ClusterRoles and their bindings, as far as they could be read. */
export function rightsText(controller: OldController | undefined, objects: readonly RawObject[]): string {
  const roles = controller ? rolesOf(controller, objects) : [];
  return [INSTALLED, ...(roles.length > 0 ? [comparison(roles), ...outdated(roles)] : []), NARROWER].join(" ");
}

/** The ClusterRoles that are bound to the controller's account. */
function rolesOf({ pod, workload: { namespace } }: OldController, objects: readonly RawObject[]): readonly RawObject[] {
  const account = textOrNone(pod["serviceAccountName"]) ?? "default";
  const bound = new Set(objects.filter(({ kind, value }) => kind === "ClusterRoleBinding" && (list(fields(value)["subjects"], (one) => one) ?? []).some((one) =>
    one["kind"] === "ServiceAccount" && one["name"] === account && one["namespace"] === namespace)).map(({ value }) => textOrNone(fields(fields(value)["roleRef"])["name"])));
  return objects.filter(({ kind, name }) => kind === "ClusterRole" && bound.has(name));
}

function comparison(roles: readonly RawObject[]): string {
  const missing = missingIn(roles.flatMap(rulesOf));
  const names = `ClusterRole ${roles.map(({ name }) => printable(name)).join(", ")}`;
  if (missing.length === 0) return `${names} would be enough in all namespaces.`;
  return `${names} would not be enough: it lacks ${missing.join("; ")}. Let those of deploy/ replace it.`;
}

/** Each resource with the verbs that no rule grants. */
function missingIn(granted: readonly Rule[]): readonly string[] {
  return NEEDED.flatMap(({ group, resources, verbs }) => resources.flatMap((resource) => {
    const lacks = verbs.filter((verb) => !granted.some((rule) => isGroup(rule, group) && holds(rule.resources, resource) && holds(rule.verbs, verb)));
    return lacks.length === 0 ? [] : [`${lacks.join(", ")} of ${resource}${group === "" ? "" : ` (${group})`}`];
  }));
}

function isGroup({ group }: Rule, asked: string): boolean {
  return group === asked || group === "*";
}

function holds(all: readonly string[], one: string): boolean {
  return all.includes(one) || all.includes("*");
}

/** The rules of a ClusterRole, one for each group; those for named objects alone grant nothing in general. */
export function rulesOf({ value }: Pick<RawObject, "value">): readonly Rule[] {
  return (list(fields(value)["rules"], (one) => one) ?? []).flatMap((rule) => {
    const texts = (field: string): readonly string[] => (Array.isArray(rule[field]) ? rule[field].flatMap((one) => textOrNone(one) ?? []) : []);
    if (texts("resourceNames").length > 0) return [];
    return texts("apiGroups").map((group) => ({ group, resources: texts("resources"), verbs: texts("verbs") }));
  });
}

/** Files of an API version that is gone cannot be applied again. */
function outdated(roles: readonly RawObject[]): readonly string[] {
  const old = roles.flatMap(({ value }) => textOrNone(fields(value)["apiVersion"]) ?? []).find((version) => version.startsWith(`${GROUP}/v1beta`) || version.startsWith(`${GROUP}/v1alpha`));
  return old === undefined ? [] : [`It is written for ${printable(old)}, which Kubernetes no longer has since 1.22: a cluster of today refuses the file.`];
}
