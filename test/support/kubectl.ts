/** Runs kubectl, where this machine has it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseAllDocuments } from "yaml";
import { ROOT } from "./sluice.ts";

export const KUSTOMIZE = join(ROOT, "deploy/kustomize");

/** Why nothing that needs kubectl can run here, in one loud line. */
export const kubectlMissing: string | undefined = spawnSync("kubectl", ["version", "--client"]).status === 0
  ? undefined
  : "SKIPPED, NOTHING PROVEN ABOUT deploy/: kubectl is not installed";

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** Runs kubectl and gives its standard output. Throws an Error with what kubectl complained about. */
export function kubectl(args: readonly string[], options: { readonly input?: string; readonly kubeconfig?: string } = {}): string {
  const { status, stdout, stderr, error } = spawnSync("kubectl", args, {
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, KUBECONFIG: options.kubeconfig ?? "/dev/null" },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  if (status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** The folders that an operator may apply, relative to `deploy/kustomize`. */
export function kustomizations(): string[] {
  return ["base", ...readdirSync(join(KUSTOMIZE, "overlays")).sort().map((name) => `overlays/${name}`)];
}

export function kustomize(folder: string): string {
  return kubectl(["kustomize", join(KUSTOMIZE, folder)]);
}

export function objectsIn(yaml: string): ApiObject[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as ApiObject | null).filter((object) => object !== null);
}

/** An operator's own kustomization: one of ours with components. */
export function withComponents(folder: string, components: readonly string[]): readonly ApiObject[] {
  const own = mkdtempSync(join(tmpdir(), "sluice-kustomize-"));
  const path = (to: string): string => relative(own, join(KUSTOMIZE, to));
  try {
    writeFileSync(join(own, "kustomization.yaml"), JSON.stringify({ resources: [path(folder)], components: components.map((name) => path(`components/${name}`)) }));
    return objectsIn(kubectl(["kustomize", own]));
  } finally {
    rmSync(own, { recursive: true });
  }
}
