/** `sluice migrate SUBCOMMAND`: what helps to move from ingress-nginx, one file for each subcommand. */
import { closest } from "../support/edit-distance.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";

interface Subcommand {
  readonly summary: string;
  readonly load: () => Promise<(argv: readonly string[]) => Promise<void>>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  replay: { summary: "send the requests of an access log to two controllers, and say what differs", load: async () => (await import("./migrate-replay.ts")).migrateReplayCommand },
  report: { summary: "say what moving these objects, or this cluster, to Sluice means", load: async () => (await import("./migrate-report.ts")).migrateReportCommand },
};

/** Runs the subcommand that the first word names. Throws a UserError (exit code 2) for any other word. */
export async function migrateCommand(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === "--help" || name === "-h") return void process.stdout.write(usageText());
  const names = Object.keys(SUBCOMMANDS);
  if (name === undefined || name.startsWith("-")) throw new UserError(`Which part of moving? Write "sluice migrate ${names.join('", or "sluice migrate ')}".`, 2);
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!subcommand) {
    const near = closest(name, names);
    throw new UserError(`There is no command "migrate ${printable(name)}": ${near === undefined ? '"sluice migrate --help" lists them.' : `did you mean "migrate ${near}"?`}`, 2);
  }
  await (await subcommand.load())(rest);
}

function usageText(): string {
  const width = Math.max(...Object.keys(SUBCOMMANDS).map((name) => name.length));
  const lines = Object.entries(SUBCOMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: sluice migrate SUBCOMMAND [flags]\n\nMove from ingress-nginx to Sluice.\n\nSubcommands:\n${lines.join("\n")}\n\n"sluice migrate SUBCOMMAND --help" lists the flags of one.\n`;
}
