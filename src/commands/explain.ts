/**
 * `sluice explain URL`: which host, route, canary and pool a request (or a connection below http) would reach, and which line of which object says so.
 */
import type { Explanation } from "../explain/explain.ts";
import { explanationText } from "../explain/explanation-text.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { explainServed, parseAsked, type AskedOrLine, type LiveExplanation, type ServedExplanation } from "../explain/served.ts";
import { ranInCluster } from "./in-cluster.ts";
import { judgeSource } from "./judged.ts";
import { askRunning } from "./running.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

export async function explainCommand(argv: readonly string[]): Promise<void> {
  const { rest, line, ...options } = takeRequestOptions(argv);
  const settings = parseSettings(rest, "explain");
  if (settings.help) return void process.stdout.write(helpFor("explain"));
  const [url, extra] = settings.arguments;
  if (url === undefined && line === undefined) throw new UserError('Which request? Write "sluice explain http://shop.example/cart".', 2);
  if (extra !== undefined || (url !== undefined && line !== undefined)) throw new UserError(`One request at a time: "${printable(extra ?? url ?? "")}" is one too many.`, 2);
  const asked = line === undefined ? { url: withScheme(url ?? ""), ...options } : { line };
  if (!("line" in asked)) parseAsked(asked);
  if (await ranInCluster("explain", settings, [...requestWords(asked), ...rest])) return;
  const explanation = settings.live ? await askLive(settings, asked) : await explainObjects(settings, asked);
  process.stdout.write(settings.output === "json" ? JSON.stringify(explanation, null, 2) + "\n" : explanationText(explanation, settings.all));
  process.exitCode = exitCode(explanation);
}

/** The URL as curl and browsers take it: `shop.example/cart` is asked over http. */
function withScheme(url: string): string {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|\/|$)/i.test(url) ? url : `http://${url}`;
}

const NOBODY = 3;
const UNAVAILABLE = 4;

function exitCode({ status, endpoints }: Explanation): number {
  if (status === 404) return NOBODY;
  return status === 503 || endpoints?.length === 0 ? UNAVAILABLE : 0;
}

async function explainObjects(settings: Settings, asked: AskedOrLine): Promise<ServedExplanation> {
  const source = openSource(settings, logOfLook(settings, settings.output), LOOK_PATIENCE_MS);
  return await withSource(source, async () => {
    const { built: { model }, program, findings } = await judgeSource(source, settings);
    return explainServed({ model, program, findings, snapshot: source.snapshot }, settings, asked).explanation;
  });
}

/** Asks the Sluice of this machine. */
async function askLive(settings: Settings, asked: AskedOrLine): Promise<LiveExplanation> {
  const query = new URLSearchParams({ request: JSON.stringify(asked) }).toString();
  const response = await askRunning(settings, `/api/v1/explain?${query}`, { signal: AbortSignal.timeout(LOOK_PATIENCE_MS) }, "leave out --live");
  return (await response.json()) as LiveExplanation;
}

interface RequestOptions {
  readonly headers: string[];
  readonly method: string;
  readonly client?: string;
  /** A line of the access log, in place of a request. */
  readonly line?: string;
  readonly rest: string[];
}

/**
 * Takes `-H 'name: value'`, `--header 'name: value'`, `-b name=value`, `-u user:password`, `-X METHOD`, `-v` (curl's ways),
 * `--client-ip=ADDRESS` and `--log=LINE` out of the command line. `-v` with a level (`-v 5`) is klog's flag, and stays for `parseSettings`.
 */
function takeRequestOptions(argv: readonly string[]): RequestOptions {
  const headers: string[] = [];
  const rest: string[] = [];
  let method = "GET";
  let client: string | undefined;
  let line: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const next = (example: string): string => {
      const value = argv[++i];
      if (value === undefined) throw new UserError(`${word} needs a value: write ${word} ${example}.`, 2);
      return value;
    };
    const header = /^(?:-H|--header=)(.+)$/s.exec(word)?.[1];
    const verb = /^(?:-X|--request=)(.+)$/s.exec(word)?.[1];
    const address = /^--client-ip=(.*)$/s.exec(word)?.[1];
    const user = /^--user=(.*)$/s.exec(word)?.[1];
    const cookie = /^--cookie=(.*)$/s.exec(word)?.[1];
    const logged = /^--log=(.*)$/s.exec(word)?.[1];
    if (logged !== undefined) line = logged;
    else if (word === "--log") line = next("'a line of the access log'");
    else if (cookie !== undefined) headers.push(`Cookie: ${cookie}`);
    else if (word === "-b" || word === "--cookie") headers.push(`Cookie: ${next("name=value")}`);
    else if (address !== undefined) client = address;
    else if (word === "--client-ip") client = next("203.0.113.7");
    else if (user !== undefined) headers.push(basic(user));
    else if (word === "-u" || word === "--user") headers.push(basic(next("user:password")));
    else if (header !== undefined) headers.push(header.trim());
    else if (verb !== undefined) method = verb;
    else if (word === "--verbose" || (/^-v+$/.test(word) && !/^\d+$/.test(argv[i + 1] ?? ""))) rest.push("--log-level=debug");
    else if (word === "-H" || word === "--header") headers.push(next("'name: value'"));
    else if (word === "-X" || word === "--request") method = next("POST");
    else rest.push(word);
  }
  return { headers, method, ...(client === undefined ? {} : { client }), ...(line === undefined ? {} : { line }), rest };
}

/** The request's part of a command line that asks for the same; a URL is among the other words. */
function requestWords(asked: AskedOrLine): readonly string[] {
  if ("line" in asked) return [`--log=${asked.line}`];
  const { headers, method, client } = asked;
  return [...headers.flatMap((header) => ["-H", header]), ...(method === "GET" ? [] : ["-X", method]), ...(client === undefined ? [] : [`--client-ip=${client}`])];
}

function basic(user: string): string {
  return `Authorization: Basic ${Buffer.from(user, "utf8").toString("base64")}`;
}
