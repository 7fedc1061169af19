/**
 * `sluice rollout WORD [ingress/NAMESPACE/NAME]`: how far the releases of canaries are, and what people do with them.
 *
 * Asks the admin API on the health port. For a change it shows the token of the runtime folder.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { releaseTable, type ReleasesPicture } from "../get/rollout-table.ts";
import { releaseLines } from "../get/rollout-text.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { CommandLine } from "../settings.ts";
import { closest } from "../support/edit-distance.ts";
import { saidWhenLong } from "../support/progress.ts";
import { createScreen } from "../support/screen.ts";
import { columnsOf, cutTo, isScreen, painterFor } from "../support/terminal.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { ranInCluster } from "./in-cluster.ts";
import { namedObject } from "./named-object.ts";
import { askRollouts, changeRollout, noSuchRollout } from "./rollout-api.ts";
import { ROLLOUT_WORDS } from "./rollout-words.ts";
import { endWithReader, healthAddress } from "./running.ts";

type Word = (typeof ROLLOUT_WORDS)[number];

/** Between two looks of a picture that is drawn anew. */
const LOOK_MS = 1000;
const EXAMPLE = "ingress/shop/next";

export async function rolloutCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "rollout");
  if (settings.help) return void process.stdout.write(helpFor("rollout"));
  const [first, ...rest] = settings.arguments;
  const word = wordOf(first);
  if (settings.once && word !== "status") throw new UserError('--once is for "sluice rollout status": leave it out', 2);
  const key = keyOf(word, rest, settings.namespace);
  if (await ranInCluster("rollout", settings, argv)) return;
  if (word === "list" || word === "status") return await show(word, settings, key);
  const after = await saidWhenLong(`asking ${healthAddress(settings)}`, () => changeRollout(settings, key ?? "", word));
  process.stdout.write(settings.output === "json" ? jsonText(after) : `ingress/${printable(after.ingress)}: ${printable(after.last)}\n`);
}

function wordOf(word: string | undefined): Word {
  const all = `Write "sluice rollout" and one of ${ROLLOUT_WORDS.join(", ")}.`;
  if (word === undefined) throw new UserError(`What about rollouts? ${all}`, 2);
  const known = ROLLOUT_WORDS.find((one) => one === word);
  if (known !== undefined) return known;
  const near = closest(word, ROLLOUT_WORDS);
  throw new UserError(`"${printable(word)}" is nothing that can be done with rollouts${near === undefined ? `. ${all}` : `: did you mean "${near}"?`}`, 2);
}

/** `namespace/name` of the Ingress that is named; undefined: none is. */
function keyOf(word: Word, words: readonly string[], within: string): string | undefined {
  const [object, ...more] = words;
  if (word === "list" && object !== undefined) throw new UserError(`"${printable(object)}" is one word too many: "sluice rollout status ${printable(object)}" shows one rollout`, 2);
  if (object === undefined && (word === "list" || word === "status")) return undefined;
  // With -n the name alone will do.
  const [, alone] = /^(?:ing(?:ress(?:es)?)?\/)?([^/]+)$/.exec(object ?? "") ?? [];
  const whole = within !== "" && alone !== undefined ? `${within}/${alone}` : object;
  const missing = `Which one? Write "sluice rollout ${word} ${EXAMPLE}"; "sluice rollout list" lists those that there are.`;
  const { namespace, name } = namedObject(whole === undefined ? [] : [whole, ...more], missing, EXAMPLE, ["Ingress"]);
  if (within !== "" && namespace !== within) throw new UserError(`--namespace=${within} and ${printable(object ?? "")} name different namespaces: leave one of them out`, 2);
  return `${namespace}/${name}`;
}

async function show(word: "list" | "status", settings: CommandLine, key: string | undefined): Promise<void> {
  const look = async (): Promise<readonly RolloutStatus[]> => chosen(await askRollouts(settings), key, settings.namespace);
  const first = await saidWhenLong(`asking ${healthAddress(settings)}`, look);
  if (settings.output === "json") return void process.stdout.write(jsonText(key === undefined ? first : first[0]));
  if (word === "status" && !settings.once && isScreen(process.stdout)) return await watch(first, look);
  const lines = word === "list" ? releaseTable(first, pictureHere()) : releaseLines(first, pictureHere());
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Until the process is ended. A Sluice that is started anew, and an Ingress that is written anew, are there again in a moment. */
async function watch(first: readonly RolloutStatus[], look: () => Promise<readonly RolloutStatus[]>): Promise<void> {
  endWithReader();
  const draw = createScreen();
  let last = first;
  let problem: string | undefined;
  for (;;) {
    const [shown, missing] = [last, problem];
    draw(({ width, height }) => {
      const notes = missing === undefined ? [] : [cutTo(printable(`sluice: ${missing}`), width)];
      return [...notes, ...releaseLines(shown, { ...pictureHere(), width, height: height - notes.length })];
    });
    await sleep(LOOK_MS);
    try {
      last = await look();
      problem = undefined;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problem = error.message;
    }
  }
}

/** Throws a UserError where the one that is named is not there. */
function chosen(statuses: readonly RolloutStatus[], key: string | undefined, namespace: string): readonly RolloutStatus[] {
  if (key === undefined) return statuses.filter(({ ingress }) => namespace === "" || ingress.startsWith(`${namespace}/`));
  const one = statuses.find(({ ingress }) => ingress === key);
  if (!one) throw noSuchRollout(key, statuses);
  return [one];
}

function pictureHere(): ReleasesPicture {
  const { stdout } = process;
  const width = columnsOf(stdout);
  return { paint: painterFor(stdout), now: Date.now(), ...(width === undefined ? {} : { width }) };
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
