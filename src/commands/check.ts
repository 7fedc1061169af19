/**
 * `sluice check [FILE…]`, also `sluice lint`: what `sluice run` would find wrong, without serving anything.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { baselineText, withoutKnown } from "../check/baseline.ts";
import { checkGithub } from "../check/github.ts";
import { withoutIgnored } from "../check/ignored.ts";
import { checkResult, fails, type CheckResult } from "../check/result.ts";
import { checkSarif } from "../check/sarif.ts";
import { checkText } from "../check/text.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { CommandLine, Settings } from "../settings.ts";
import { renewLines } from "../source/manifests/documents.ts";
import { unrenderedBelow } from "../source/manifests/unrendered.ts";
import type { Source } from "../source/source.ts";
import { printable } from "../support/log.ts";
import type { Log } from "../support/log.ts";
import { columnsOf, painterFor } from "../support/terminal.ts";
import { orExit, UserError } from "../support/user-error.ts";
import { version } from "../support/version.ts";
import { checkSource, objectsRead } from "./checked.ts";
import { fromHere } from "./from-here.ts";
import { inputSource, readInputs, requireObjects, STDIN, type Inputs } from "./inputs.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

const FOUND = 1;
const UNREAD = 2;

export async function checkCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "check");
  if (settings.help) return void process.stdout.write(helpFor("check"));
  const log = logOfLook(settings);
  const words = settings.arguments;
  if (words.length > 0 && settings.manifests.length > 0) {
    throw new UserError("Files are given as words and with --manifests: give them as words, to judge them as a cluster would have them, or with --manifests, as sluice run serves them.", UNREAD);
  }
  requireFlags(settings);
  const asked = words.length > 0 ? { ...settings, manifests: words } : settings;
  const given = words.length > 0 ? await filesOf(words) : undefined;
  const fixing = given && settings.fix ? await import("./check-fix.ts") : undefined;
  if (given && fixing && settings.dryRun) {
    if (await fixing.showFixes(asked, given)) process.exitCode = FOUND;
    return;
  }
  const inputs = given && fixing ? await fixing.fixInputs(asked, given) : given;
  // What was standard input goes to standard output, rewritten: then the findings go beside.
  const output = settings.fix && inputs?.streams.has(STDIN) ? process.stderr : process.stdout;
  const result = withoutBaseline(withoutIgnored(await check(asked, inputs, log), settings.ignore), settings);
  output.write(outputOf(result, settings));
  if (fails(result, settings.failOn)) process.exitCode = FOUND;
}

async function filesOf(words: readonly string[]): Promise<Inputs> {
  const inputs = readInputs(words);
  return { ...inputs, unrendered: await unrenderedBelow(inputs.files) };
}

/** Throws a UserError (exit code 2) for flags that need each other, or go against each other. */
function requireFlags({ fix, dryRun, baseline, writeBaseline, arguments: words, given }: CommandLine): void {
  const mistake = (sentence: string): UserError => new UserError(sentence, UNREAD);
  if (fix && words.length === 0) throw mistake("--fix rewrites files: name them, or a folder of them.");
  if (dryRun && !fix) throw mistake("--dry-run shows what --fix would change: give both.");
  if (dryRun && (given.has("report") || baseline !== "")) throw mistake("--dry-run prints a diff, and no findings: leave out --output and --baseline.");
  if (writeBaseline && baseline === "") throw mistake("--write-baseline writes the file of --baseline: give both.");
}

/** What the baseline does not know; the baseline is written before if that is asked for. */
function withoutBaseline(result: CheckResult, { baseline, writeBaseline }: Settings): CheckResult {
  if (baseline === "") return result;
  try {
    if (writeBaseline) writeFileSync(baseline, baselineText(result, fromHere));
    return withoutKnown(result, readFileSync(baseline, "utf8"), printable(baseline), fromHere);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const remedy = code === "ENOENT" && !writeBaseline ? "--write-baseline makes it" : "look at its folder and its rights";
    throw new UserError(`The baseline "${printable(baseline)}" cannot be ${writeBaseline ? "written" : "read"} (${code ?? String(error)}): ${remedy}.`, UNREAD);
  }
}

/** What cannot be read at all is no finding: a pipeline must not take it for a clean result, nor for a failed one. */
function check(settings: Settings, inputs: Inputs | undefined, log: Log): Promise<CheckResult> {
  return orExit(UNREAD, () => checked(settings, inputs, log));
}

async function checked(settings: Settings, inputs: Inputs | undefined, log: Log): Promise<CheckResult> {
  const source = inputs ? await inputSource(inputs, settings, log) : openSource(settings, log, LOOK_PATIENCE_MS);
  return await withSource(source, () => judged(source, settings, inputs));
}

/** @param inputs absent: the objects are a cluster's, or those that `sluice run` would serve; else a cluster will add to them. */
async function judged(source: Source, settings: Settings, inputs: Inputs | undefined): Promise<CheckResult> {
  const { findings, complete } = await checkSource(source, settings, inputs !== undefined);
  const counted = { objects: objectsRead(source), skipped: source.skipped?.() ?? 0 };
  if (inputs) requireObjects(source, complete, counted.objects, inputs);
  return checkResult([...(inputs?.unrendered?.findings ?? []), ...findings], counted, renewLines);
}

function outputOf(result: CheckResult, { report }: Settings): string {
  switch (report) {
    case "text":
      return checkText(result, painterFor(process.stdout), columnsOf(process.stdout));
    case "json":
      return `${JSON.stringify(result, null, 2)}\n`;
    case "sarif":
      return checkSarif(result, version(), fromHere);
    case "github":
      return checkGithub(result, fromHere);
  }
}
