/** Flags of the benchmarks' commands: what is wrong with one is a UserError of one sentence. Pure. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UserError } from "../src/support/user-error.ts";

type Flags = NonNullable<ParseArgsConfig["options"]>;

const HELP = { help: { type: "boolean", default: false, short: "h" } } as const;

/**
 * The values of these flags and of `--help`, and the words beside them.
 * @param command as `npm run` names it
 * @param words whether there may be any
 * @throws UserError for a flag that is not among these, or has a value too few or too many
 */
export function readFlags<const T extends Flags>(command: string, argv: readonly string[], flags: T, words = false) {
  try {
    return parseArgs({ args: [...argv], options: { ...HELP, ...flags }, allowPositionals: words });
  } catch (error) {
    // What comes after Node's first sentence is advice for those who wrote the program.
    const [what = ""] = (error as Error).message.split(/\.\s|\n|\.$/, 1);
    const [, flag] = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument (?:missing|is ambiguous)/.exec(what) ?? [];
    throw new UserError(`${flag === undefined ? what : `${flag} needs a value`} (npm run ${command} -- --help lists the flags)`);
  }
}

/** @param flag without its dashes; "": the text is a word of its own */
function given(flag: string, text: string): string {
  return flag === "" ? JSON.stringify(text) : `--${flag}=${text}`;
}

/** A whole number; `standard` where there is none. @throws UserError for anything but one from `least` to `most` */
export function whole(flag: string, text: string | undefined, standard: number, most: number, least = 1): number {
  if (text === undefined) return standard;
  if (/^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  throw new UserError(`${given(flag, text)} is not a whole number from ${least} to ${most}`);
}

/** Whole numbers from 1 between commas. */
export function wholes(flag: string, text: string | undefined, standard: readonly number[], most: number): readonly number[] {
  if (text === undefined) return standard;
  const numbers = text.split(",").map((one) => (/^\d{1,15}$/.test(one.trim()) ? Number(one) : NaN));
  if (numbers.every((one) => one >= 1 && one <= most)) return numbers;
  throw new UserError(`${given(flag, text)} is not a list of whole numbers from 1 to ${most}: write them as in --${flag}=${standard.join(",")}`);
}

/** One of some words. @param why what is said of another one */
export function choice<T extends string>(flag: string, text: string, all: readonly T[], why = "is not known"): T {
  const found = all.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UserError(`${given(flag, text)} ${why}: use ${all.slice(0, -1).join(", ")} or ${all.at(-1)}`);
}

/** Names between commas, in the order in which they are given. @param kind what they are names of */
export function chosen<T extends string>(flag: string, text: string, all: readonly T[], kind: string): readonly T[] {
  return text.split(",").map((name) => choice(flag, name.trim(), all, `names no ${kind}`));
}
