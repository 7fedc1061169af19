/** Why settings that are right are not served all the same: there are too many of them, or what they were compiled to is not sound. */
import { finding } from "./findings.ts";

export const profilesExhausted = finding<{ namespace: string; needed: number; most: number; closed: boolean }>(
  "profiles-exhausted",
  "error",
  ({ namespace, needed, most }) =>
    `The Ingresses of ${namespace} ask for ${needed} combinations of settings that each need a location of nginx's, and ${most} are allowed (--profiles-per-namespace), older Ingresses first: ` +
    "give annotations such as proxy-next-upstream-timeout the same values in several Ingresses, or ask the operator for more",
  ({ closed }) => (closed ? "paths of this Ingress with further combinations answer 503" : "paths of this Ingress with further combinations are served with the controller's sizes, times and error pages"),
);

export const programUnsound = finding<{ path: string; why: string }>(
  "program-unsound",
  "error",
  ({ path, why }) => `Path ${path} is not served as it was meant, because ${why}, which is a mistake of Sluice's or an attack: report it`,
  () => "the path answers 503",
);
