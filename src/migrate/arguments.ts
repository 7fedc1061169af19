/** Reads the arguments of ingress-nginx as Sluice would, and says of each what becomes of it. */
import { parseFlags, type CommandLine, type Settings } from "../settings.ts";
import { stateOfFlag, type FlagState } from "../settings/flag-state.ts";
import { FLAGS } from "../settings/table.ts";
import { asSentence, printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import type { OldController } from "./installation.ts";
import { servesClassless } from "./old-version.ts";

export interface OldArgument {
  readonly flag: string;
  /** As it is written; without its value where Sluice does not read that, for it may be a secret. */
  readonly text: string;
  /** `refused`: Sluice would not start with this value. */
  readonly state: FlagState["state"] | "refused";
  /** What differs, or why there is no effect; empty: nothing is to be said. */
  readonly sentence: string;
}

export interface OldArguments {
  readonly all: readonly OldArgument[];
  /** Those that Sluice takes, as its own command line. */
  readonly settings: CommandLine;
  /** Ingresses without a class are served although no argument says so: the image does so by itself. */
  readonly assumed: boolean;
}

/** What the controller is told, and what its image does without being told. */
export function readOldArguments({ words, image }: Pick<OldController, "words" | "image">): OldArguments {
  const pieces = piecesOf(words).map((piece) => ({ piece, argument: judgePiece(piece) }));
  const taken = pieces.filter(({ argument: { state } }) => state === "works" || state === "differs").flatMap(({ piece }) => piece);
  const told = parseFlags(taken, "run", {});
  const assumed = servesClassless(image) && !told.given.has("watchIngressWithoutClass") && told.ingressClass === FLAGS.ingressClass.default;
  const settings = assumed ? parseFlags([...taken, `--${FLAGS.watchIngressWithoutClass.flag}`], "run", {}) : told;
  return { all: pieces.map(({ argument }) => argument), settings, assumed };
}

/** A flag with the words behind it, which are its value. */
function piecesOf(words: readonly string[]): readonly (readonly string[])[] {
  const pieces: string[][] = [];
  for (const word of words) {
    const last = pieces.at(-1);
    if (last === undefined || word.startsWith("-")) pieces.push([word]);
    else last.push(word);
  }
  return pieces;
}

function judgePiece(piece: readonly string[]): OldArgument {
  const name = /^--?([A-Za-z][\w-]*)(?:=|$)/.exec(piece[0] ?? "")?.[1] ?? "";
  const { state, remark } = stateOfFlag(name);
  const flag = `--${printable(name)}`;
  if (name === "") return { flag: "", text: "a word that is no flag", state: "unknown", sentence: "Flags start with --." };
  if (state === "no effect") return { flag, text: flag, state, sentence: asSentence(`It has no effect: ${remark}`) };
  if (state === "unknown") return { flag, text: flag, state, sentence: "No ingress-nginx of today has this flag, and Sluice has none of this name: leave it out." };
  if (piece.some((word) => /\$\([\w.-]+\)/.test(word))) return { flag, text: printable(piece.join(" ")), state: "unknown", sentence: `It holds a variable whose value the workload takes from elsewhere: give ${flag} to this command, too.` };
  try {
    parseFlags(piece, "run", {});
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { flag, text: printable(piece.join(" ")), state: "refused", sentence: printable(error.message) };
  }
  return { flag, text: printable(piece.join(" ")), state, sentence: remark };
}

/** Beside the flags about which objects are served. */
const ALSO_TAKEN: readonly (keyof Settings)[] = ["watchNamespace", "watchNamespaceSelector", "httpPort", "httpsPort"];
/** Its answer depends on the node of the pod. */
const OF_THE_NODE: keyof Settings = "enableTopologyAwareRouting";

/** Whether a flag has a say in how objects are judged. */
export function isOfJudging(field: keyof Settings): boolean {
  return (FLAGS[field].group === "Which objects are served" && field !== OF_THE_NODE) || ALSO_TAKEN.includes(field);
}

/** The command line, and what the old controller was told about objects wherever the command line says nothing of it. */
export function judgedAs(asked: CommandLine, old: CommandLine | undefined): CommandLine {
  if (!old) return asked;
  const byNamespace = asked.given.has("watchNamespace") || asked.given.has("watchNamespaceSelector");
  const taken = (Object.keys(FLAGS) as (keyof Settings)[]).filter((field) => {
    return isOfJudging(field) && old.given.has(field) && !asked.given.has(field) && !(byNamespace && field.startsWith("watchNamespace"));
  });
  return { ...asked, ...Object.fromEntries(taken.map((field) => [field, old[field]])) };
}
