/**
 * A mistake that a user, an operator or the network made: printed as one sentence with its remedy, never as a stack.
 * The message ends with a full stop (or a question mark), whoever wrote it.
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
