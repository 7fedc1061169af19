/**
 * `sluice diff [OLD] NEW`: which hosts, routes, certificates and findings a change of manifests changes.
 */
import { basename } from "node:path";
import { isKnownToClusters } from "../check/api-server.ts";
import { withoutPromised } from "../check/promised.ts";
import { compareFacts, compareFindings, matters, type Difference } from "../diff/compare.ts";
import { factsOf, type Facts } from "../diff/facts.ts";
import { differencesMarkdown, differencesText } from "../diff/text.ts";
import type { Finding } from "../model/findings/findings.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { overlaidSource } from "../source/overlaid.ts";
import type { Source } from "../source/source.ts";
import { printable } from "../support/log.ts";
import type { Log } from "../support/log.ts";
import { painterFor } from "../support/terminal.ts";
import { orExit, UserError } from "../support/user-error.ts";
import { findingsForCluster } from "./checked.ts";
import { inputSource, readInputs } from "./inputs.ts";
import { judgeSource } from "./judged.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

const DIFFERENT = 1;
const TROUBLE = 2;

export async function diffCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "diff");
  if (settings.help) return void process.stdout.write(helpFor("diff"));
  const log = logOfLook(settings);
  const [first, second, extra] = settings.arguments;
  if (first === undefined) throw new UserError('What is compared? Write "sluice diff OLD NEW", or "sluice diff NEW" for a cluster.', TROUBLE);
  if (extra !== undefined) throw new UserError(`Two states are compared: "${printable(extra)}" is one too many. Put files that belong together into one folder.`, TROUBLE);
  if (first === "-" && second === "-") throw new UserError("Standard input (-) can be read once: give a file for the other side.", TROUBLE);
  const differences = await orExit(TROUBLE, () => (second === undefined ? againstCluster(settings, first, log) : betweenFiles(settings, [first, second], log)));
  process.stdout.write(outputOf(differences, settings));
  if (differences.some(matters)) process.exitCode = DIFFERENT;
}

function outputOf(differences: readonly Difference[], { differences: form }: Settings): string {
  switch (form) {
    case "text":
      return differencesText(differences, painterFor(process.stdout));
    case "json":
      return `${JSON.stringify(differences, null, 2)}\n`;
    case "markdown":
      return differencesMarkdown(differences);
  }
}

interface State {
  readonly facts: Facts;
  readonly findings: readonly Finding[];
}

/** Advice comes and goes without anybody asking. */
function isMistake({ severity }: Finding): boolean {
  return severity !== "info";
}

function compare(before: State, after: State, rename?: (text: string) => string): readonly Difference[] {
  return [...compareFacts(before.facts, after.facts), ...compareFindings(before.findings.filter(isMistake), after.findings.filter(isMistake), rename)];
}

async function betweenFiles(settings: Settings, paths: readonly [string, string], log: Log): Promise<readonly Difference[]> {
  const states: State[] = [];
  for (const path of paths) {
    const source = await inputSource(readInputs([path]), settings, log);
    const mayBeEmpty = states.length === 0 && path !== "-";
    states.push(await withSource(source, async () => {
      if (!mayBeEmpty) requireSome(source, path);
      const judged = await judgeSource(source, { ...settings, manifests: [path] }, false);
      const { built: { model }, program } = judged;
      return { facts: factsOf(model, program, source.snapshot), findings: findingsForCluster(judged, source) };
    }));
  }
  const [before, after] = states;
  // A file of the one side stands for the one of the same name on the other side.
  const rename = (text: string): string => paths.reduce((made, path) => made.replaceAll(`${path.replace(/\/+$/, "")}/`, "").replaceAll(path, basename(path) === path ? "FILE" : basename(path)), text);
  return before && after ? compare(before, after, rename) : [];
}

/** An empty new state would take everything away, and is most often the failure of a command before a pipe. */
function requireSome({ snapshot, skipped }: Source, path: string): void {
  if (snapshot.all("Ingress").size + snapshot.all("Service").size + snapshot.all("Secret").size + snapshot.all("ConfigMap").size + (skipped?.() ?? 0) > 0) return;
  throw new UserError(`There is no Kubernetes object in ${path === "-" ? "standard input" : `"${printable(path)}"`}: everything would be gone. Look whether the command before a pipe has failed.`, TROUBLE);
}

/** The cluster as it is, and as it would be. Its endpoints are left alone: they do not come from manifests. */
async function againstCluster(settings: Settings, path: string, log: Log): Promise<readonly Difference[]> {
  const cluster = openSource({ ...settings, manifests: [] }, log, LOOK_PATIENCE_MS);
  const applied = await inputSource(readInputs([path]), settings, log);
  const both = overlaidSource(cluster, applied);
  const stateOf = async (source: Source): Promise<State> => {
    const { built: { model }, program, findings } = await judgeSource(source, settings);
    return { facts: factsOf(model, program, source.snapshot), findings: withoutPromised(findings.filter((one) => !isKnownToClusters(one)), source) };
  };
  return await withSource(both, async () => {
    requireSome(applied, path);
    const before = await stateOf(cluster);
    return compare(before, await stateOf(both));
  });
}
