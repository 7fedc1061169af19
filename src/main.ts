/** The command line: picks a command, prints a user's mistake as one sentence, and sets the exit code. */
import { inOwnName } from "./settings/program-name.ts";
import { printable } from "./support/text.ts";
import { UserError } from "./support/user-error.ts";
import { version } from "./support/version.ts";

type Command = (argv: readonly string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./commands/run.ts")).runCommand,
  explain: async () => (await import("./commands/explain.ts")).explainCommand,
  check: async () => (await import("./commands/check.ts")).checkCommand,
  lint: async () => (await import("./commands/check.ts")).checkCommand,
  diff: async () => (await import("./commands/diff.ts")).diffCommand,
  get: async () => (await import("./commands/get.ts")).getCommand,
  logs: async () => (await import("./commands/logs.ts")).logsCommand,
  top: async () => (await import("./commands/top.ts")).topCommand,
  rollout: async () => (await import("./commands/rollout.ts")).rolloutCommand,
  migrate: async () => (await import("./commands/migrate.ts")).migrateCommand,
  rbac: async () => (await import("./commands/rbac.ts")).rbacCommand,
  secret: async () => (await import("./commands/secret.ts")).secretCommand,
  wait: async () => (await import("./commands/wait.ts")).waitCommand,
  stop: async () => (await import("./commands/stop.ts")).stopCommand,
  agent: async () => (await import("./commands/agent.ts")).agentCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
  // What kubectl asks for completion.
  __complete: async () => (await import("./commands/complete.ts")).completeCommand,
  // The program's name in ingress-nginx's manifests: an argument list that was made for it starts Sluice.
  "/nginx-ingress-controller": async () => (await import("./commands/run.ts")).runCommand,
  demo: async () => (await import("./commands/demo.ts")).demoCommand,
};

async function main(argv: readonly string[]): Promise<void> {
  const [name = "--help", ...rest] = argv;
  if (name === "--version" || name === "-v" || name === "version") return void process.stdout.write(`sluice ${version()}\n`);
  if (name === "help" && rest.length > 0) return main([...rest.filter((word) => !word.startsWith("-")), "--help"]);
  if (name === "--help" || name === "-h" || name === "help") return void process.stdout.write(await usage());
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) throw new UserError(`There is no command "${printable(name)}": ${await advice(name)}`, 2);
  if (rest.includes("--version")) return void process.stdout.write(`sluice ${version()}\n`);
  await (await load())(rest);
}

async function usage(): Promise<string> {
  return inOwnName((await import("./commands/usage.ts")).USAGE);
}

async function advice(name: string): Promise<string> {
  const near = (await import("./support/edit-distance.ts")).closest(name, Object.keys(COMMANDS).filter((one) => /^[a-z]/.test(one)));
  return near === undefined ? '"sluice --help" lists the commands.' : `did you mean "${near}"?`;
}

// A reader that went away (`sluice run | head`) is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

/** Prints a user's mistake as its sentence, and any other error as unexpected. Gives the exit code. */
function complain(error: unknown): number {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const expected = error instanceof UserError;
  const prefix = expected ? "" : "Something unexpected went wrong (set SLUICE_DEBUG=1 for details): ";
  process.stderr.write(`sluice: ${prefix}${expected ? inOwnName(message) : message}${process.env["SLUICE_DEBUG"] ? `\n${stack}` : ""}\n`);
  return expected ? error.exitCode : 1;
}

// After a mistake of our own it is safe to end: nginx serves on, and the next run adopts it.
process.on("uncaughtException", (error) => process.exit(complain(error)));

main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = complain(error);
});
