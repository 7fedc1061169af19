/**
 * `sluice __complete WORD…`: what may stand in place of the last word, for kubectl, which asks its plugins as it asks itself:
 * a candidate a line, perhaps with a tab and a description, and at the end a colon and a number (cobra's directives).
 */
import { COMMANDS } from "../settings.ts";
import { completedFlags, FIRST_WORDS, SUBCOMMANDS, wordsBehind } from "./completion.ts";

/** Files are offered where there is no candidate. */
const FILES = 0;
const NO_FILES = 4;

export async function completeCommand(argv: readonly string[]): Promise<void> {
  const { candidates, directive } = candidatesFor(argv);
  process.stdout.write([...candidates, `:${directive}`, ""].join("\n"));
}

interface Offer {
  readonly candidates: readonly string[];
  readonly directive: number;
}

function candidatesFor(words: readonly string[]): Offer {
  const last = words.at(-1) ?? "";
  const [first = "", second = ""] = words;
  const seconds = SUBCOMMANDS.get(first);
  if (words.length <= 1) return { candidates: FIRST_WORDS.filter((one) => one.startsWith(last)), directive: NO_FILES };
  if (seconds && words.length === 2) return { candidates: seconds.filter((one) => one.startsWith(last)), directive: NO_FILES };
  const name = seconds ? `${first}-${second}` : first;
  const command = COMMANDS.find((one) => one === name);
  const flags = command === undefined ? [] : completedFlags(command);
  const valueOf = (word: string, text: string): Offer | undefined => {
    const flag = flags.find((one) => one.takesValue && (word === `--${one.flag}` || word === `-${one.short ?? ""}`));
    return flag && { candidates: flag.values.filter((one) => one.startsWith(text)), directive: flag.values.length > 0 ? NO_FILES : FILES };
  };
  const [inline, text = ""] = last.split(/=(.*)/s);
  const value = last.includes("=") ? valueOf(inline ?? "", text) : valueOf(words.at(-2) ?? "", last);
  if (value) return value;
  if (last.startsWith("-")) return { candidates: flags.filter(({ flag }) => `--${flag}`.startsWith(last)).map(({ flag, help }) => `--${flag}\t${help}`), directive: NO_FILES };
  return { candidates: wordsBehind(name).filter((one) => one.startsWith(last)), directive: wordsBehind(name).length > 0 ? NO_FILES : FILES };
}
