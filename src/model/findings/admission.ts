/** Findings about an Ingress as a whole: what the admission webhook asks beyond the model, sizes, dangerous text, and what cannot be read. */
import { TOTAL_SIZE_BOUNDS } from "../shapes/bounds.ts";
import { CLOSED, finding, REFUSED } from "./findings.ts";

export const pathNotStrict = finding<{ path: string; pathType: string }>(
  "path-not-strict",
  "warning",
  ({ path, pathType }) =>
    `The path "${path}" of the type ${pathType} holds more than letters, digits and / . _ -: correct it, or set its pathType to ImplementationSpecific`,
  () => "the admission webhook refuses it where strict-validate-path-type is on; Sluice serves it as written",
);

export const annotationOtherPrefix = finding<{ name: string; prefix: string }>(
  "annotation-other-prefix",
  "warning",
  ({ name, prefix }) => `${name} has the prefix nginx.ingress.kubernetes.io, which is not read here (--annotations-prefix): write ${prefix}/${name}`,
  () => "the admission webhook refuses it; without one, the annotation has no effect",
);

interface Extent {
  readonly characters: number;
  readonly paths: number;
}

export const ingressTooLarge = finding<Extent & { most: number }>(
  "ingress-too-large",
  "error",
  (extent) => `${extentOf(extent)}, more than ${extent.most} in all: split the Ingress`,
  () => CLOSED,
);

export const namespaceTooLarge = finding<Extent>(
  "namespace-too-large",
  "error",
  (extent) =>
    `${extentOf(extent)}: this is beyond the ${TOTAL_SIZE_BOUNDS.namespace / 1024 ** 2} MiB of a namespace and the ${TOTAL_SIZE_BOUNDS.all / 1024 ** 2} MiB of all (beside ${TOTAL_SIZE_BOUNDS.share / 1024 ** 2} MiB that is kept for each namespace), older Ingresses first; ` +
    "all of it travels to nginx, so shorten the annotations, or move the paths that need long ones to an Ingress of their own",
  () => CLOSED,
);

function extentOf({ characters, paths }: Extent): string {
  return `The annotations and the ConfigMaps that they name stand for ${characters} characters, for each of ${paths} rules and paths`;
}

export const ingressUnreadable = finding<{ problem: string }>(
  "ingress-unreadable",
  "error",
  ({ problem }) => `Sluice fails to read this Ingress, which is a mistake of Sluice's and not yours: report it with the Ingress and these words: ${problem}`,
  () => REFUSED,
);

export const textDangerous = finding<{ what: string; text: string; why: string }>(
  "text-dangerous",
  "error",
  ({ what, text, why }) => `The ${what} "${text}" holds ${why}, which no Ingress needs: correct it`,
  () => REFUSED,
);
