/** Objects → model → program of one case, on Node, through the same source that serves. */
import { createCompiler, type Program } from "../../../src/compile/program.ts";
import { buildModel } from "../../../src/model/build/build.ts";
import { parseConfig } from "../../../src/model/config/parse.ts";
import type { Finding } from "../../../src/model/findings/findings.ts";
import { toldFindings } from "../../../src/report/told.ts";
import type { Model } from "../../../src/model/model.ts";
import { parseSettings } from "../../../src/settings.ts";
import { manifestsSource } from "../../../src/source/manifests.ts";
import type { Snapshot } from "../../../src/source/snapshot.ts";
import { splitName } from "../../../src/support/namespaced-name.ts";
import { CONFIGMAP } from "./case.ts";

export interface Compiled {
  readonly snapshot: Snapshot;
  readonly model: Model;
  readonly program: Program;
  readonly findings: readonly Finding[];
}

/** @param folder holds the manifests. */
export async function compileFolder(folder: string, flags: readonly string[]): Promise<Compiled> {
  const settings = parseSettings([`--configmap=${CONFIGMAP}`, ...flags], "run", {});
  const source = manifestsSource({ folders: [folder], log: () => {} });
  const ending = new AbortController();
  try {
    await source.start(() => {}, ending.signal);
    const ref = splitName(settings.configmap);
    const config = parseConfig(ref && source.snapshot.get("ConfigMap", ref.namespace, ref.name), undefined, source.snapshot);
    const built = buildModel(source.snapshot, settings, config.config);
    const compiler = createCompiler(settings.profilesPerNamespace);
    const { program } = compiler.compile(built);
    const ofProgram = compiler.findings((namespace, name) => source.snapshot.get("Ingress", namespace, name));
    const findings = toldFindings([...source.findings, ...config.findings, ...built.findings(), ...ofProgram]);
    return { snapshot: source.snapshot, model: built.model, program, findings };
  } finally {
    ending.abort();
  }
}
