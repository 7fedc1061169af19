/**
 * A mistake that a user, an operator or the network made: printed as one sentence with its remedy, never as a stack.
 * The message always ends with `.`, `?` or `!`.
 */
import { asSentence } from "./text.ts";

export class UserError extends Error {
  /** Process exit code when this ends a command. */
  readonly exitCode: number;

  constructor(sentence: string, exitCode = 1) {
    super(asSentence(sentence));
    this.name = "UserError";
    this.exitCode = exitCode;
  }
}

/** Gives what `work` gives. A UserError that comes out of it ends the command with this exit code. */
export async function orExit<T>(exitCode: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof UserError ? new UserError(error.message, exitCode) : error;
  }
}
