/**
 * `sluice check [FILE…]`, also `sluice lint`: what `sluice run` would find wrong, without serving anything.
 */
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { checkGithub } from "../check/github.ts";
import { checkResult, fails, type CheckResult } from "../check/result.ts";
import { checkSarif } from "../check/sarif.ts";
import { checkText } from "../check/text.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { renewLines } from "../source/manifests/documents.ts";
import type { Source } from "../source/source.ts";
import { printable } from "../support/log.ts";
import type { Log } from "../support/log.ts";
import { saidWhenLong } from "../support/progress.ts";
import { painterFor } from "../support/terminal.ts";
import { UserError } from "../support/user-error.ts";
import { checkSource, objectsRead } from "./checked.ts";
import { replaceText, rewriteTexts, textsBelow } from "./fixed.ts";
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
  if (settings.fix && words.length === 0) throw new UserError("--fix rewrites files: name them, or a folder of them.", UNREAD);
  const asked = words.length > 0 ? { ...settings, manifests: words } : settings;
  const given = words.length > 0 ? readInputs(words) : undefined;
  const inputs = given && settings.fix ? await fix(asked, given) : given;
  // What was standard input goes to standard output, rewritten: then the findings go beside.
  const output = settings.fix && inputs?.streams.has(STDIN) ? process.stderr : process.stdout;
  const result = await check(asked, inputs, log);
  output.write(outputOf(result, settings));
  if (fails(result, settings.failOn)) process.exitCode = FOUND;
}

async function check(settings: Settings, inputs: Inputs | undefined, log: Log): Promise<CheckResult> {
  const source = inputs ? await inputSource(inputs, settings.objectNamespace, log) : openSource(settings, log, LOOK_PATIENCE_MS);
  return await withSource(source, () => saidWhenLong("judging what was read", judged(source, settings, inputs))).catch(unread);
}

/** What cannot be read at all is no finding: a pipeline must not take it for a clean result, nor for a failed one. */
function unread(error: unknown): never {
  throw error instanceof UserError ? new UserError(error.message, UNREAD) : error;
}

/** @param inputs absent: the objects are a cluster's, or those that `sluice run` would serve; else a cluster will add to them. */
async function judged(source: Source, settings: Settings, inputs: Inputs | undefined): Promise<CheckResult> {
  const { findings, complete } = await checkSource(source, settings, inputs !== undefined);
  const counted = { objects: objectsRead(source), skipped: source.skipped?.() ?? 0 };
  if (inputs) requireObjects(source, complete, counted.objects, inputs);
  return checkResult(findings, counted, renewLines);
}

/** Rewrites files and streams, says what it has done, and prints what standard input has become. Gives the streams as they are now. */
async function fix(settings: Settings, { files, streams }: Inputs): Promise<Inputs> {
  const { texts, others } = files.length > 0 ? await textsBelow(files) : { texts: new Map<string, string>(), others: [] };
  const all = new Map([...texts, ...streams]);
  const { files: rewritten, left } = await saidWhenLong("rewriting, and judging what comes of it", rewriteTexts(all, settings));
  const say = (line: string): void => void process.stderr.write(`${printable(line)}\n`);
  for (const [file, { text, fixed }] of rewritten) {
    if (!streams.has(file)) replaceOrFail(file, all.get(file) ?? "", text);
    for (const { line, what } of fixed) say(`${file}:${line}: rewritten: ${what}`);
  }
  for (const file of left) say(`${file}: left as it is: rewritten, it would mean something else or hold a new mistake; look at its findings`);
  for (const file of others) say(`${file}: left as it is: it is not UTF-8, or cannot be read`);
  const now = new Map([...streams].map(([name, text]) => [name, rewritten.get(name)?.text ?? text]));
  if (now.has(STDIN)) process.stdout.write(now.get(STDIN) ?? "");
  return { files, streams: now };
}

function replaceOrFail(file: string, before: string, text: string): void {
  try {
    replaceText(file, before, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`The file "${printable(file)}" cannot be rewritten (${code ?? message}): make it, and its folder, writable; those named before are rewritten.`, UNREAD);
  }
}

function outputOf(result: CheckResult, { report }: Settings): string {
  switch (report) {
    case "text":
      return checkText(result, painterFor(process.stdout));
    case "json":
      return `${JSON.stringify(result, null, 2)}\n`;
    case "sarif":
      return checkSarif(result, version(), fromHere);
    case "github":
      return checkGithub(result, fromHere);
  }
}

/** The path as it is below the working folder, which is the repository's root in a pipeline; else as it is. */
function fromHere(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return path === "" || path.startsWith("..") ? file : path;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
