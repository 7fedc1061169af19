/**
 * `sluice migrate replay`: sends the requests of an access log to two controllers, and says what differs.
 */
import { createReadStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { DEFAULT_CONFIG } from "../model/config/defaults.ts";
import { MAY_DIFFER } from "../replay/compare-answers.ts";
import { SKIPPED } from "../replay/logged-request.ts";
import { sendPace } from "../replay/pace.ts";
import { replay } from "../replay/replay.ts";
import { replayTally, type ReplayFindings, type ReplayTally } from "../replay/tally-replies.ts";
import { replayTarget, type ReplayTarget } from "../replay/target.ts";
import { countsText, replayText } from "../replay/text.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { saidWhileLong, sayInputIsRead } from "../support/progress.ts";
import { UserError } from "../support/user-error.ts";

const DIFFERENT = 1;
const WRONG = 2;
const LOST = 4;
const INTERRUPTED = 130;

export async function migrateReplayCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "migrate-replay");
  if (settings.help) return void process.stdout.write(helpFor("migrate-replay"));
  requireFlags(settings);
  const { ending, release } = untilInterrupted();
  const tally = replayTally();
  const lost = await saidWhileLong(() => countsText(tally.counts()), () => replayed(settings, tally, ending));
  release();
  const found = tally.report();
  if (found.sent === 0 && lost !== undefined) throw new UserError(lost, LOST);
  if (found.sent === 0 && !ending.aborted) throw new UserError(`Nothing is sent: ${nothingText(found)}`, WRONG);
  process.stdout.write(settings.output === "json" ? `${JSON.stringify({ complete: lost === undefined && !ending.aborted, ...found }, null, 2)}\n` : replayText(found));
  if (lost !== undefined) throw new UserError(`${lost} What is said above is of the time before.`, LOST);
  if (ending.aborted) process.stderr.write("sluice: interrupted: what is said above is of the time before.\n");
  process.exitCode = found.different > 0 ? DIFFERENT : ending.aborted ? INTERRUPTED : 0;
}

function requireFlags({ logFile, logFormat, against, and, againstHttps, andHttps }: Settings): void {
  if (logFile === "") throw new UserError("Which requests are sent? Give an access log: --log=FILE, or --log=- for standard input.", WRONG);
  if (against === "" || and === "") throw new UserError("Two controllers are compared: give the listeners of both, --against=http://OLD:80 and --and=http://NEW:80.", WRONG);
  if ((againstHttps === "") !== (andHttps === "")) throw new UserError("--against-https and --and-https go together: give both or none.", WRONG);
  if (logFormat !== "" && !/\$\{?(?:request|request_uri|uri)\b/.test(logFormat)) throw new UserError("A line of --log-format does not say what was asked for: $request is missing, or $request_uri.", WRONG);
}

async function replayed(settings: Settings, tally: ReplayTally, ending: AbortSignal): Promise<string | undefined> {
  const { logFile, logFormat, logFormatEscape: escaping, sentHost: host, sentMethods: methods, sentHeaders: headers, allLines, limit, rate } = settings;
  if (logFile === "-") sayInputIsRead();
  try {
    return await replay({
      log: logFile === "-" ? process.stdin : logStream(logFile), tally, allLines, limit, pace: sendPace(rate),
      rules: { format: Buffer.from(logFormat === "" ? DEFAULT_CONFIG.logFormatUpstream : logFormat).toString("latin1"), escaping, host, methods, headers },
      comparison: { ignored: new Set([...MAY_DIFFER, ...settings.ignoreHeader.map((name) => name.toLowerCase())]), upstreamHeader: settings.upstreamHeader.toLowerCase() },
      old: targetOf("--against", settings.against, settings.againstHttps, settings),
      new: targetOf("--and", settings.and, settings.andHttps, settings),
    }, ending);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === "open" || syscall === "read" || syscall === "stat") throw new UserError(`The access log "${printable(logFile)}" cannot be read (${code ?? "unknown"}): name a file, or - for standard input.`, WRONG);
    throw error;
  }
}

/** The log as it is now: one of the two may write these very requests into it. */
function logStream(file: string): Readable {
  const stats = statSync(file);
  if (!stats.isFile()) return createReadStream(file);
  return stats.size === 0 ? Readable.from([]) : createReadStream(file, { end: stats.size - 1 });
}

function targetOf(flag: string, listener: string, forHttps: string, { verifyCertificates: verify, ignoreBody }: Settings): ReplayTarget {
  return replayTarget(flag, { listener, forHttps, verify, withBody: !ignoreBody });
}

/** Aborts at the first SIGINT or SIGTERM; another one ends the process at once. */
function untilInterrupted(): { readonly ending: AbortSignal; readonly release: () => void } {
  const interrupted = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const end = (): void => {
    interrupted.abort();
    release();
  };
  const release = (): void => signals.forEach((name) => process.removeListener(name, end));
  for (const name of signals) process.once(name, end);
  return { ending: interrupted.signal, release };
}

/** Why there was nothing to send, most frequent reason first. */
function nothingText({ lines, skipped }: ReplayFindings): string {
  if (lines === 0) return "the log is empty.";
  const reasons = [...skipped].sort((a, b) => b.count - a.count);
  const first = reasons[0]?.first;
  const all = reasons.map(({ reason, count }) => `${count} ${SKIPPED[reason]}`).join(", ");
  return `of ${lines} ${lines === 1 ? "line" : "lines"}, ${all}${first ? ` (line ${first.number}: ${printable(first.line)})` : ""}.`;
}
