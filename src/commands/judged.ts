/** What the objects of a source mean, and all that is wrong with them: for commands that look once and serve nothing. */
import { createCompiler } from "../compile/program.ts";
import type { Program } from "../compile/program.ts";
import { createModelBuilder } from "../model/build/build.ts";
import { wantedWith } from "../model/config/named.ts";
import { parseConfig, type ParsedConfig } from "../model/config/parse.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Built } from "../model/model.ts";
import { toldFindings } from "../report/told.ts";
import type { Settings } from "../settings.ts";
import { resolveNames } from "../source/names.ts";
import type { Source } from "../source/source.ts";
import { splitName } from "../support/namespaced-name.ts";

export interface Judged {
  readonly built: Built;
  readonly program: Program;
  /** As `sluice run` tells them, without those of nginx itself. */
  readonly findings: readonly Finding[];
  /** The same, and those that another finding makes needless. */
  readonly all: readonly Finding[];
}

/** How long DNS names may take before their pools count as empty. */
const NAMES_MS = 2000;

/** @param source has been started. @param ask whether DNS is asked for the names of ExternalName Services. */
export async function judgeSource(source: Source, settings: Settings, ask = true): Promise<Judged> {
  const ref = splitName(settings.configmap);
  const read = (): ParsedConfig => parseConfig(ref && source.snapshot.get("ConfigMap", ref.namespace, ref.name), undefined, source.snapshot);
  const built = await build(source, settings, read, ask);
  const { findings } = read();
  const compiler = createCompiler(settings.profilesPerNamespace);
  const { program } = compiler.compile(built);
  const ofProgram = compiler.findings((namespace, name) => source.snapshot.get("Ingress", namespace, name));
  const all = [...source.findings, ...findings, ...built.findings(), ...ofProgram];
  return { built, program, findings: toldFindings(all), all };
}

/** Two passes: the first learns which Secrets, ConfigMaps and DNS names are needed. */
async function build(source: Source, settings: Settings, read: () => ParsedConfig, ask: boolean): Promise<Built> {
  const builder = createModelBuilder(settings);
  const { config, objects } = read();
  const first = builder.update(source.snapshot, [], config);
  await source.want(wantedWith()(first.wanted, objects));
  await source.sync(AbortSignal.timeout(30_000));
  if (ask && first.names.size > 0) await resolveOnce(settings, source, first.names);
  return builder.update(source.snapshot, source.snapshot.takeChanges(), read().config);
}

function resolveOnce(settings: Settings, source: Source, wanted: ReadonlySet<string>): Promise<void> {
  return new Promise((resolve) => {
    const { resolver, allowLocalTargets } = settings;
    const done = (): void => {
      clearTimeout(timer);
      names.stop();
      resolve();
    };
    const changed = (): void => {
      if ([...wanted].every((name) => source.snapshot.get("ResolvedName", "", name))) done();
    };
    const names = resolveNames({ resolver, allowLocalTargets, snapshot: source.snapshot, changed, log: () => {} });
    const timer = setTimeout(done, NAMES_MS);
    names.want(wanted);
  });
}
