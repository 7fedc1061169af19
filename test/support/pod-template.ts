/** The pods of a Deployment or DaemonSet, as far as tests look at them. */
import assert from "node:assert/strict";
import type { ApiObject } from "./kubectl.ts";

export interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly command?: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
}

export interface PodTemplate {
  readonly spec: {
    readonly automountServiceAccountToken?: boolean;
    readonly hostNetwork?: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly securityContext: { readonly sysctls?: unknown; readonly [field: string]: unknown };
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string; readonly [kind: string]: unknown }[];
  };
}

export function podOf(objects: readonly ApiObject[]): PodTemplate {
  const [workload, ...others] = objects.filter(({ kind }) => kind === "Deployment" || kind === "DaemonSet");
  assert.ok(workload && others.length === 0, "one workload");
  return (workload["spec"] as { readonly template: PodTemplate }).template;
}
