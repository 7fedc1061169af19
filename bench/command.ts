/** What all commands of the benchmarks have in common: `--help`, what they need, and a sentence and exit code 1 for each mistake. */
import { delimiter } from "node:path";
import { UserError } from "../src/support/user-error.ts";
import { needTools, SYSTEM_FOLDERS, type Tool } from "./tools.ts";

export interface Command<T> {
  /** As `npm run` names it; stands before its sentences. */
  readonly name: string;
  readonly usage: string;
  /** @throws UserError for a flag that is not one of ours or a value that makes no sense */
  readonly parse: (argv: readonly string[]) => T | "help";
  /** The programs that it cannot do without. @throws UserError for anything else that is missing */
  readonly needs: (options: T) => readonly Tool[];
  readonly run: (options: T) => Promise<void>;
}

/** Runs a command with this process's arguments. Nothing is started before they are read and all tools are there. */
export async function runCommand<T>({ name, usage, parse, needs, run }: Command<T>): Promise<void> {
  process.env["PATH"] = [process.env["PATH"] ?? "", ...SYSTEM_FOLDERS].join(delimiter);
  try {
    const options = parse(process.argv.slice(2));
    if (options === "help") return void process.stdout.write(usage);
    needTools(needs(options));
    await run(options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
