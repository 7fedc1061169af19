/** The thread of `commands.ts`: runs one command line after the other, and says what each has printed. */
import { parentPort } from "node:worker_threads";
import { checkCommand } from "../../src/commands/check.ts";
import { diffCommand } from "../../src/commands/diff.ts";
import { explainCommand } from "../../src/commands/explain.ts";
import { getCommand } from "../../src/commands/get.ts";
import { migrateCommand } from "../../src/commands/migrate.ts";
import { UserError } from "../../src/support/user-error.ts";
import type { Ended } from "./command.ts";

const COMMANDS: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  check: checkCommand, diff: diffCommand, explain: explainCommand, get: getCommand, migrate: migrateCommand,
};

async function run([name = "", ...argv]: readonly string[]): Promise<Ended> {
  const said = { stdout: "", stderr: "" };
  const before = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const stream of ["stdout", "stderr"] as const) {
    process[stream].write = (text: string | Uint8Array): boolean => {
      said[stream] += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
      return true;
    };
  }
  process.exitCode = 0;
  try {
    const command = COMMANDS[name];
    if (!command) throw new UserError(`There is no command "${name}" in commands-worker.ts`, 2);
    await command(argv);
  } catch (error) {
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
    said.stderr += error instanceof UserError ? `sluice: ${error.message}\n` : `${error instanceof Error ? error.stack : String(error)}\n`;
  } finally {
    process.stdout.write = before.stdout;
    process.stderr.write = before.stderr;
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { code, ...said };
}

parentPort?.on("message", (argv: readonly string[]) => {
  void run(argv).then((ended) => parentPort?.postMessage(ended));
});
