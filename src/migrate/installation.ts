/** Finds how ingress-nginx is installed: its Deployment or DaemonSet, its arguments as the container gets them, its Service. */
import { fields, list, textOrNone, textRecord } from "../source/kubernetes/trim.ts";
import type { RawObject } from "../source/raw.ts";

export type RawFields = Readonly<Record<string, unknown>>;

export const WORKLOAD_KINDS: readonly string[] = ["Deployment", "DaemonSet"];

export interface OldController {
  readonly workload: RawObject;
  /** `spec` of the workload. */
  readonly spec: RawFields;
  /** `spec` of its pods, and the container with the controller in it. */
  readonly pod: RawFields;
  readonly container: RawFields;
  readonly image: string;
  /** Behind the program's name, with the variables that are known in their places. */
  readonly words: readonly string[];
}

/** Images of the project, of its forerunner, and copies that kept the name. */
const IMAGE = /(?:^|\/)(?:ingress-nginx\/controller(?:-chroot)?|ingress-nginx-controller|nginx-ingress-controller)(?=[:@]|$)/;
const PROGRAM = /(?:^|\/)nginx-ingress-controller$/;

/** Whether the image's name is one of ingress-nginx, so that its tag is a release of it. */
export function isImageOfProject(image: string): boolean {
  return IMAGE.test(image);
}

/** The controllers among the objects, in order. */
export function oldControllers(objects: readonly RawObject[]): readonly OldController[] {
  return objects.flatMap((object) => (WORKLOAD_KINDS.includes(object.kind) ? (controllerIn(object) ?? []) : []));
}

function controllerIn(workload: RawObject): OldController | undefined {
  const spec = fields(fields(workload.value)["spec"]);
  const pod = fields(fields(spec["template"])["spec"]);
  for (const container of list(pod["containers"], (one) => one) ?? []) {
    const image = textOrNone(container["image"]) ?? "";
    const words = [...textsOf(container["command"]), ...textsOf(container["args"])];
    const program = words.findIndex((word) => PROGRAM.test(word));
    if (program < 0 && !IMAGE.test(image)) continue;
    const behind = program < 0 ? words.slice(Math.max(0, words.findIndex((word) => word.startsWith("--")))) : words.slice(program + 1);
    const variables = variablesOf(container, workload.namespace);
    return { workload, spec, pod, container, image, words: behind.map((word) => withVariables(word, variables)) };
  }
  return undefined;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((one) => textOrNone(one) ?? []) : [];
}

/** Values of environment variables that the workload itself says. */
function variablesOf(container: RawFields, namespace: string): ReadonlyMap<string, string> {
  const known = list(container["env"], (one): readonly [string, string] | undefined => {
    const name = textOrNone(one["name"]);
    const path = textOrNone(fields(fields(one["valueFrom"])["fieldRef"])["fieldPath"]);
    const value = textOrNone(one["value"]) ?? (path === "metadata.namespace" ? namespace : undefined);
    return name === undefined || value === undefined ? undefined : [name, value];
  });
  return new Map(known);
}

/** Kubernetes' own rule: `$(NAME)` is the variable's value, as it stands where there is no such variable; `$$` is a dollar sign. */
function withVariables(word: string, variables: ReadonlyMap<string, string>): string {
  return word.replace(/\$\$|\$\(([^)]*)\)/g, (text, name: string | undefined) => (name === undefined ? "$" : (variables.get(name) ?? text)));
}

/** A port that clients come through. */
interface OldPort {
  readonly name: string;
  readonly port: number;
  readonly nodePort: number | undefined;
  readonly target: string;
}

export function portsOf(service: RawObject): readonly OldPort[] {
  const all = list(fields(fields(service.value)["spec"])["ports"], (one): OldPort | undefined => {
    const { port, nodePort } = one;
    if (typeof port !== "number") return undefined;
    return { name: textOrNone(one["name"]) ?? "", port, nodePort: typeof nodePort === "number" ? nodePort : undefined, target: String(one["targetPort"] ?? port) };
  });
  return all ?? [];
}

/** The port for a scheme: by what it leads to, else by its number. */
export function portFor(service: RawObject, scheme: "http" | "https"): OldPort | undefined {
  const ports = portsOf(service);
  return ports.find(({ name, target }) => name === scheme || target === scheme) ?? ports.find(({ port }) => port === (scheme === "http" ? 80 : 443));
}

/**
 * The Service that clients come through: the one that is published, else one that selects the pods and has a port for http or https.
 * @param published `namespace/name` of --publish-service; empty: none.
 */
export function frontOf({ workload, spec }: OldController, objects: readonly RawObject[], published: string): RawObject | undefined {
  const labels = textRecord(fields(fields(fields(spec["template"])["metadata"]))["labels"]) ?? {};
  const near = objects.filter((one) => one.kind === "Service" && one.namespace === workload.namespace && selects(one, labels) && isFront(one));
  const named = objects.find((one) => one.kind === "Service" && `${one.namespace}/${one.name}` === published);
  return named ?? near.find((one) => typeOf(one) === "LoadBalancer" && !one.name.endsWith("-internal")) ?? near[0];
}

export function typeOf(service: RawObject): string {
  return textOrNone(fields(fields(service.value)["spec"])["type"]) ?? "ClusterIP";
}

function selects(service: RawObject, labels: Readonly<Record<string, string>>): boolean {
  const selector = Object.entries(textRecord(fields(fields(service.value)["spec"])["selector"]) ?? {});
  return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
}

/** Services of the webhook and of metrics select the same pods. */
function isFront(service: RawObject): boolean {
  return !service.name.endsWith("-admission") && (portFor(service, "http") !== undefined || portFor(service, "https") !== undefined);
}
