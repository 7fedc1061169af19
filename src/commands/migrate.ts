/** `sluice migrate SUBCOMMAND`: what helps to move from ingress-nginx to Sluice. */
import { printable } from "../support/log.ts";
import { closest } from "../support/edit-distance.ts";
import { UserError } from "../support/user-error.ts";

interface Subcommand {
  readonly summary: string;
  readonly load: () => Promise<(argv: readonly string[]) => Promise<void>>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  replay: { summary: "send the requests of an access log to two controllers, and say what differs", load: async () => (await import("./migrate-replay.ts")).migrateReplayCommand },
};

const HELP = `Usage: sluice migrate SUBCOMMAND [flags]

Move from ingress-nginx to Sluice.

Subcommands:
${Object.entries(SUBCOMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)}  ${summary}`).join("\n")}

"sluice migrate SUBCOMMAND --help" lists the flags of one.
`;

export async function migrateCommand(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === "--help" || name === "-h") return void process.stdout.write(HELP);
  const subcommand = name !== undefined && Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!subcommand) throw new UserError(name === undefined ? 'What of a migration? "sluice migrate --help" lists it.' : `There is no "sluice migrate ${printable(name)}": ${advice(name)}`, 2);
  await (await subcommand.load())(rest);
}

function advice(name: string): string {
  const near = closest(name, Object.keys(SUBCOMMANDS));
  return near === undefined ? '"sluice migrate --help" lists what there is.' : `did you mean "${near}"?`;
}
