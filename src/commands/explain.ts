/**
 * `sluice explain URL`: which host, route, canary and pool a request (or a connection below http) would reach, and which line of which object says so.
 */
import type { Explanation } from "../explain/explanation.ts";
import { explanationText } from "../explain/explanation-text.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { CommandLine, Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { saidWhenLong } from "../support/progress.ts";
import { UserError } from "../support/user-error.ts";
import { explainServed, parseAsked, type AskedOrLine, type LiveExplanation, type ServedExplanation } from "../explain/served.ts";
import { ranInCluster } from "./in-cluster.ts";
import { judgeSource } from "./judged.ts";
import { askRunning, healthAddress } from "./running.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

export async function explainCommand(argv: readonly string[]): Promise<void> {
  const given = parseSettings(argv, "explain");
  if (given.help) return void process.stdout.write(helpFor("explain"));
  const asked = askedOf(given);
  if (await ranInCluster("explain", given, argv)) return;
  const settings: Settings = given.verbose ? { ...given, logLevel: "debug" } : given;
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
  const response = await saidWhenLong(`asking ${healthAddress(settings)}`, () => askRunning(settings, `/api/v1/explain?${query}`, { signal: AbortSignal.timeout(LOOK_PATIENCE_MS) }, "leave out --live"));
  return (await response.json()) as LiveExplanation;
}

/** What the flags and the URL ask for. Throws a UserError (exit code 2) for a request that is none. */
function askedOf({ arguments: [url, extra], askedHeaders, askedCookies, askedUser, askedMethod, askedClient, askedGateway, askedLine }: CommandLine): AskedOrLine {
  if (url === undefined && askedLine === "") throw new UserError('Which request? Write "sluice explain http://shop.example/cart".', 2);
  if (extra !== undefined || (url !== undefined && askedLine !== "")) throw new UserError(`One request at a time: "${printable(extra ?? url ?? "")}" is one too many.`, 2);
  if (url === undefined) return { line: askedLine };
  const headers = [...askedHeaders, ...askedCookies.map((cookie) => `Cookie: ${cookie}`), ...(askedUser === "" ? [] : [basic(askedUser)])];
  const asked = { url: withScheme(url), headers, method: askedMethod, ...(askedClient === "" ? {} : { client: askedClient }), ...(askedGateway === "" ? {} : { gateway: askedGateway }) };
  parseAsked(asked);
  return asked;
}

function basic(user: string): string {
  return `Authorization: Basic ${Buffer.from(user, "utf8").toString("base64")}`;
}
