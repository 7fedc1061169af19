/** The command line of `npm run abuse`. */
import { readFlags, whole } from "../command-line.ts";

export interface AbuseOptions {
  readonly minutes: number;
  readonly seed: number;
  /** The program h2spec; empty: the one in the shell's path, if there is one. */
  readonly h2spec: string;
}

export const USAGE = `npm run abuse -- [--minutes N] [--seed N] [--h2spec PATH]

Attacks a Sluice of its own on this machine in every way that it knows, while a normal client asks beside that. Loopback only;
everything that is started ends with it. Exits with 1 when a normal request got a wrong answer, when memory or descriptors
grew without bound, or when a worker died.

  --minutes N     how long, 5 if not given; one round of all attacks at least
  --seed N        which forms are sent in which order
  --h2spec PATH   also runs h2spec against nginx and Sluice, and compares what fails (found by itself in the shell's path)
`;

const FLAGS = { minutes: { type: "string" }, seed: { type: "string" }, h2spec: { type: "string", default: "" } } as const;
const MOST_SEED = 2 ** 31 - 1;

/** @throws UserError for a flag that is not one of ours or a value that makes no sense. */
export function parseAbuseOptions(argv: readonly string[]): AbuseOptions | "help" {
  const { values } = readFlags("abuse", argv, FLAGS);
  if (values.help) return "help";
  return { minutes: whole("minutes", values.minutes, 5, 1440, 0), seed: whole("seed", values.seed, Date.now() % MOST_SEED, MOST_SEED, 0), h2spec: values.h2spec };
}
