/**
 * `sluice explain URL`: which host, route, canary and pool a request (or a connection below http) would reach, and which line of which object says so.
 *
 * Exit codes: 0 a backend, a redirect or any answer but those of 3 and 4; 1 the source cannot be read; 2 the command line is
 * wrong; 3 the answer is 404; 4 the answer is 503, or no endpoint is ready.
 */
import { explainConnection, explainPassthrough, parseConnection, type ExplainedConnection } from "../explain/connection.ts";
import { explain, type Explanation } from "../explain/explain.ts";
import { ingressesNaming } from "../explain/naming.ts";
import { parseRequest, type ExplainedRequest } from "../explain/request.ts";
import { findingText, subjectText, type Finding } from "../model/findings/findings.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import type { Source } from "../source/source.ts";
import { printable } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { judgeSource } from "./judged.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

export async function explainCommand(argv: readonly string[]): Promise<void> {
  const { headers, method, client, rest } = takeRequestOptions(argv);
  const settings = parseSettings(rest, "explain");
  if (settings.help) return void process.stdout.write(helpFor("explain"));
  const [url, extra] = settings.arguments;
  if (url === undefined) throw new UserError('Which request? Write "sluice explain http://shop.example/cart".', 2);
  if (extra !== undefined) throw new UserError(`One URL at a time: "${printable(extra)}" is one too many.`, 2);
  const whole = withScheme(url);
  const request = parseConnection(whole) ?? parseRequest(whole, headers, method, client);
  const source = openSource(settings, logOfLook(settings, settings.output), LOOK_PATIENCE_MS);
  const explanation = await withSource(source, () => explainFrom(source, settings, request));
  process.stdout.write(settings.output === "json" ? JSON.stringify(explanation, null, 2) + "\n" : explanationText(explanation));
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

async function explainFrom(source: Source, settings: Settings, request: ExplainedRequest | ExplainedConnection): Promise<Explanation> {
  const { built, program, findings } = await judgeSource(source, settings);
  if ("protocol" in request) return explainConnection(built.model, request, findings);
  return explainPassthrough(built.model, request, findings) ?? explain(built.model, program, request, findings, { ...settings, naming: ingressesNaming(request.host, source.snapshot.all("Ingress").values()) });
}

interface RequestOptions {
  readonly headers: string[];
  readonly method: string;
  readonly client?: string;
  readonly rest: string[];
}

/**
 * Takes `-H 'name: value'`, `--header 'name: value'`, `-u user:password`, `-X METHOD`, `-v` (curl's ways) and
 * `--client-ip=ADDRESS` out of the command line. `-v` with a level (`-v 5`) is klog's flag, and stays for `parseSettings`.
 */
function takeRequestOptions(argv: readonly string[]): RequestOptions {
  const headers: string[] = [];
  const rest: string[] = [];
  let method = "GET";
  let client: string | undefined;
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
    if (address !== undefined) client = address;
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
  return { headers, method, ...(client === undefined ? {} : { client }), rest };
}

function basic(user: string): string {
  return `Authorization: Basic ${Buffer.from(user, "utf8").toString("base64")}`;
}

function explanationText({ request, steps, findings }: Explanation): string {
  const width = Math.max(...steps.map(({ what }) => what.length));
  const lines = steps.map(({ what, result, why }) => `  ${what.padEnd(width)}  ${result}${why ? `\n  ${" ".repeat(width)}  ${why}` : ""}`);
  const notes = findings.map((finding) => `  ${finding.severity}: ${findingText(finding)} (${placeText(finding)})`);
  return printableLines([request, ...lines, ...(notes.length > 0 ? ["Findings that may concern it:", ...notes] : []), ""]);
}

function placeText({ object, file, line }: Finding): string {
  return file === undefined ? subjectText(object) : `${file}:${line ?? 1}`;
}

function printableLines(lines: readonly string[]): string {
  return lines.flatMap((line) => line.split("\n")).map(printable).join("\n");
}
