/** `sluice migrate SUBCOMMAND`: what helps to move from ingress-nginx, one file for each subcommand. */
import { inOwnName } from "../settings/program-name.ts";
import { COMMAND_TEXTS } from "../settings/texts.ts";
import { closest } from "../support/edit-distance.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";

type Subcommand = (argv: readonly string[]) => Promise<void>;

const SUBCOMMANDS: Readonly<Record<"report" | "replay", () => Promise<Subcommand>>> = {
  report: async () => (await import("./migrate-report.ts")).migrateReportCommand,
  replay: async () => (await import("./migrate-replay.ts")).migrateReplayCommand,
};
const NAMES = Object.keys(SUBCOMMANDS) as (keyof typeof SUBCOMMANDS)[];

/** Runs the subcommand that the first word names. Throws a UserError (exit code 2) for any other word. */
export async function migrateCommand(argv: readonly string[]): Promise<void> {
  const [word, ...rest] = argv;
  if (word === "--help" || word === "-h") return void process.stdout.write(inOwnName(usageText()));
  if (word === undefined || word.startsWith("-")) throw new UserError(`Which part of moving? Write "sluice migrate ${NAMES.join('", or "sluice migrate ')}".`, 2);
  const name = NAMES.find((one) => one === word);
  if (!name) {
    const near = closest(word, NAMES);
    throw new UserError(`There is no command "migrate ${printable(word)}": ${near === undefined ? '"sluice migrate --help" lists them.' : `did you mean "migrate ${near}"?`}`, 2);
  }
  await (await SUBCOMMANDS[name]())(rest);
}

function usageText(): string {
  const lines = NAMES.map((name) => `  ${name}  ${COMMAND_TEXTS[`migrate-${name}`].summary}`);
  return `Usage: sluice migrate SUBCOMMAND [flags]\n\nMove from ingress-nginx to Sluice.\n\nSubcommands:\n${lines.join("\n")}\n\n"sluice migrate SUBCOMMAND --help" lists the flags of one.\n`;
}
