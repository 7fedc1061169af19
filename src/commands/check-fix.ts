/** `sluice check --fix`: rewrites files and streams, or shows what would be rewritten. */
import type { Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { saidWhenLong } from "../support/progress.ts";
import { isScreen, painterFor } from "../support/terminal.ts";
import { unifiedDiff } from "../support/unified-diff.ts";
import { UserError } from "../support/user-error.ts";
import { replaceText, rewriteTexts, textsBelow, type Rewritten } from "./fixed.ts";
import { fromHere } from "./from-here.ts";
import { STDIN, type Inputs } from "./inputs.ts";

const WRONG = 2;

/** Says what it has done, and prints what standard input has become. Gives the streams as they are now. Throws a UserError (exit code 2) where a file cannot be written. */
export async function fixInputs(settings: Settings, inputs: Inputs): Promise<Inputs> {
  const { texts, files: rewritten, kept } = await rewriteInputs(settings, inputs);
  const { streams } = inputs;
  for (const [file, { text, fixed }] of rewritten) {
    if (!streams.has(file)) replaceOrFail(file, texts.get(file) ?? "", text);
    for (const { line, what } of fixed) say(`${file}:${line}: rewritten: ${what}`);
  }
  kept.forEach(say);
  const now = new Map([...streams].map(([name, text]) => [name, rewritten.get(name)?.text ?? text]));
  if (now.has(STDIN)) process.stdout.write(now.get(STDIN) ?? "");
  return { ...inputs, streams: now };
}

const STYLE = { "-": "red", "+": "green", "@": "cyan" } as const;

/** Prints the differences that `fixInputs` would make, and makes none. Gives whether there are any. */
export async function showFixes(settings: Settings, inputs: Inputs): Promise<boolean> {
  const { texts, files: rewritten, kept } = await rewriteInputs(settings, inputs);
  const paint = painterFor(process.stdout);
  // Patch and git take the bytes as they are; a terminal would obey them.
  const shown = isScreen(process.stdout) ? printable : (line: string): string => line;
  for (const [file, { text }] of rewritten) {
    const lines = unifiedDiff(fromHere(file), texts.get(file) ?? "", text);
    process.stdout.write(lines.map((line) => `${paint(STYLE[line[0] as keyof typeof STYLE] ?? "reset", shown(line))}\n`).join(""));
  }
  kept.forEach(say);
  const count = [...rewritten.values()].reduce((sum, { fixed }) => sum + fixed.length, 0);
  say(count === 0 ? "nothing would be rewritten" : `${count} ${count === 1 ? "place" : "places"} in ${rewritten.size} ${rewritten.size === 1 ? "file" : "files"} would be rewritten`);
  return count > 0;
}

interface RewrittenInputs extends Pick<Rewritten, "files"> {
  /** As they were. */
  readonly texts: ReadonlyMap<string, string>;
  /** Sentences about what stays as it is. */
  readonly kept: readonly string[];
}

async function rewriteInputs(settings: Settings, { files, streams, unrendered }: Inputs): Promise<RewrittenInputs> {
  const { texts, others } = files.length > 0 ? await textsBelow(files, unrendered?.files) : { texts: new Map<string, string>(), others: [] };
  const all = new Map([...texts, ...streams]);
  const { files: rewritten, left } = await saidWhenLong("rewriting, and judging what comes of it", () => rewriteTexts(all, settings));
  const kept = [
    ...left.map((file) => `${file}: left as it is: rewritten, it would mean something else or hold a new mistake; look at its findings`),
    ...others.map((file) => `${file}: left as it is: it is not UTF-8, or cannot be read`),
  ];
  return { texts: all, files: rewritten, kept };
}

function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

function replaceOrFail(file: string, before: string, text: string): void {
  try {
    replaceText(file, before, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`The file "${printable(file)}" cannot be rewritten (${code ?? message}): make it, and its folder, writable; those named before are rewritten.`, WRONG);
  }
}
