/** Findings of the annotations about balancing and session affinity. */
import { finding } from "./findings.ts";

export const balancingNeeds = finding<{ name: string; other: string; effect: string }>(
  "balancing-needs",
  "warning",
  ({ name, other }) => `${name} has no effect without ${other}: add that or remove this`,
  ({ effect }) => effect,
);

export const balancingOutranked = finding<{ name: string; winner: string }>(
  "balancing-outranked",
  "info",
  ({ name, winner }) => `${name} has no effect beside ${winner}, which comes first: remove one of them`,
  ({ winner }) => `${winner} chooses the endpoint`,
);

export const balancingOneAddress = finding<{ name: string }>(
  "balancing-one-address",
  "info",
  ({ name }) => `${name} has no effect with service-upstream, which leaves one address to choose from: remove one of them`,
  () => "the Service chooses the pod",
);

export const affinityCanaryBehavior = finding<Record<never, never>>(
  "affinity-canary-behavior",
  "info",
  () => "affinity-canary-behavior has an effect on canaries only: set it on the Ingress with canary: \"true\"",
  () => "it has no effect",
);

export const endpointsExhausted = finding<{ service: string; count: number; most: number }>(
  "endpoints-exhausted",
  "warning",
  ({ service, count, most }) => `The Service "${service}" has ${count} endpoints, and ${most} are used: divide them among several Services, or let service-upstream have kube-proxy choose`,
  () => "the others get no requests from here",
);

export const clusterIpMissing = finding<{ service: string; why: string }>(
  "cluster-ip-missing",
  "warning",
  ({ service, why }) => `service-upstream asks for the ClusterIP of the Service "${service}", which ${why}: give it one, or turn service-upstream off for this Ingress`,
  () => "requests go to its pods",
);
