/** The command line of `npm run abuse`. */
import { parseArgs } from "node:util";
import { UserError } from "../../src/support/user-error.ts";

export interface AbuseOptions {
  readonly minutes: number;
  readonly seed: number;
  /** The program h2spec; empty: the one in the shell's path, if there is one. */
  readonly h2spec: string;
  readonly help: boolean;
}

export const USAGE = `npm run abuse -- [--minutes N] [--seed N] [--h2spec PATH]

Attacks a Sluice of its own on this machine in every way that it knows, while a normal client asks beside that. Loopback only;
everything that is started ends with it. Exits with 1 when a normal request got a wrong answer, when memory or descriptors
grew without bound, or when a worker died.

  --minutes N     how long, 5 if not given; one round of all attacks at least
  --seed N        which forms are sent in which order
  --h2spec PATH   also runs h2spec against nginx and Sluice, and compares what fails (found by itself in the shell's path)
`;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseAbuseOptions(argv: readonly string[]): AbuseOptions {
  const { minutes, seed, h2spec, help } = parsed(argv);
  return { minutes: whole("minutes", minutes, 1440), seed: whole("seed", seed, 2 ** 31 - 1), h2spec, help };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false }, minutes: { type: "string", default: "5" }, seed: { type: "string", default: String(Date.now() % 2 ** 31) }, h2spec: { type: "string", default: "" },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new UserError(`--${name}=${text} is not a whole number from 0 to ${most}.`);
}
