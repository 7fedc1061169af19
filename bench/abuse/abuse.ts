/**
 * `npm run abuse`: a real Sluice under every attack that we know, round after round, while a normal client asks beside that. A table
 * says what was sent; the exit code is 1 when a normal request went wrong, something grew without bound, or a worker died.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho } from "../../test/support/echo.ts";
import { configMap, site } from "../../test/support/manifests.ts";
import { createRandom, type Random } from "../../test/support/random.ts";
import { startSides } from "../../test/support/smuggling-sides.ts";
import type { Sluice } from "../../test/support/sluice.ts";
import { runCommand } from "../command.ts";
import { untilEnd } from "../ending.ts";
import { inFolder } from "../in-folder.ts";
import { sayer } from "../say.ts";
import { beginSluice, stopSluice } from "../sluices.ts";
import type { Attack, AttackTarget } from "./attack.ts";
import { failuresOf, findH2spec } from "./h2spec.ts";
import { HTTP2_ATTACKS } from "./http2-attacks.ts";
import { parseAbuseOptions, USAGE, type AbuseOptions } from "./options.ts";
import { SLOW_ATTACKS } from "./slow-attacks.ts";
import { TLS_ATTACKS } from "./tls-attacks.ts";
import { startVictim } from "./victim.ts";
import { growth, readProcesses, type Reading } from "./watch.ts";

const HOST = "abused.example";
const ATTACKS: readonly Attack[] = [...SLOW_ATTACKS, ...HTTP2_ATTACKS, ...TLS_ATTACKS];
/** How long an attack goes on alone, and all of them together. */
const ALONE_MS = 2000;
const TOGETHER_MS = 10_000;
/** After that time nginx has let go of what attackers left. */
const QUIET_MS = 10_000;
const LOOK_MS = 500;
const SETTINGS = { "worker-processes": "2", "client-body-timeout": "5", "client-header-timeout": "5", "upstream-keepalive-connections": "32" };

const say = sayer("abuse");

/** Attacks until all have had their time. Resolves with what each of them sent. */
async function attack(attacks: readonly Attack[], target: AttackTarget, milliseconds: number, sent: Map<string, number>): Promise<void> {
  const ending = new AbortController();
  const running = attacks.map(async (one) => sent.set(one.name, (sent.get(one.name) ?? 0) + (await one.run(target, ending.signal))));
  await sleep(milliseconds);
  ending.abort();
  await Promise.all(running);
}

interface Outcome {
  readonly rows: readonly (readonly [name: string, value: string])[];
  readonly wrong: readonly string[];
}

async function abuse({ minutes }: AbuseOptions, sluice: Sluice, random: Random): Promise<Outcome> {
  const target: AttackTarget = { http: sluice.http, https: sluice.https, host: HOST, random };
  const controller = sluice.process.pid ?? 0;
  const victim = startVictim(target);
  await sleep(3000);
  const start = readProcesses(sluice.runtimeDir, controller);
  const quiet: Reading[] = [];
  const sent = new Map<string, number>();
  let peakMiB = 0;
  let mostDescriptors = 0;
  const look = setInterval(() => {
    const { workersMiB, descriptors } = readProcesses(sluice.runtimeDir, controller);
    peakMiB = Math.max(peakMiB, workersMiB);
    mostDescriptors = Math.max(mostDescriptors, descriptors);
  }, LOOK_MS);
  const until = Date.now() + minutes * 60_000;
  do {
    const round = `round ${quiet.length + 1}`;
    say(`${round}: each attack alone`);
    for (const one of ATTACKS) await attack([one], target, ALONE_MS, sent);
    say(`${round}: all together`);
    await attack(ATTACKS, target, TOGETHER_MS, sent);
    say(`${round}: none`);
    await sleep(QUIET_MS);
    quiet.push(readProcesses(sluice.runtimeDir, controller));
    say(`round ${quiet.length}: ${victim.counts().right} normal requests right, ${victim.counts().wrong.length} wrong${victim.counts().wrong.slice(-1).map((one) => ` (${one})`).join("")}; ${Math.round(quiet.at(-1)?.workersMiB ?? 0)} MiB, ${quiet.at(-1)?.descriptors} descriptors`);
  } while (Date.now() < until);
  clearInterval(look);
  await victim.stop();
  const { right, wrong, slowest } = victim.counts();
  const { reloads } = await sluice.generation();
  const died = /exited on signal|worker process \d+ exited with code [1-9]|\[emerg\]|\[alert\]|\[crit\](?!.*SSL_do_handshake)/.exec(sluice.engineLog());
  const last = quiet.at(-1) ?? start;
  return {
    rows: [
      ...[...sent].map(([name, count]) => [name, String(count)] as const),
      ["rounds", String(quiet.length)], ["normal requests", `${right} right, ${wrong.length} wrong, slowest ${Math.round(slowest)} ms`],
      ["workers' memory", `${Math.round(start.workersMiB)} MiB at the start, ${Math.round(peakMiB)} at most, ${Math.round(last.workersMiB)} when all was quiet`],
      ["controller's memory", `${Math.round(start.controllerMiB)} MiB at the start, ${Math.round(last.controllerMiB)} at the end`],
      ["workers' descriptors", `${start.descriptors} at the start, ${mostDescriptors} at most, ${last.descriptors} when all was quiet`],
    ],
    wrong: [
      ...wrong.slice(0, 20), ...growth(start, quiet, peakMiB), ...new Set(ATTACKS.flatMap(({ breaches }) => breaches?.() ?? [])),
      ...(reloads > 0 ? [`${reloads} reloads`] : []), ...(died ? [`nginx says: ${died[0]}`] : []),
    ],
  };
}

/** Compares what fails of h2spec's cases with nginx written by hand, and with Sluice. */
async function compareH2spec(program: string): Promise<Outcome> {
  const sides = await untilEnd(startSides(60));
  say("h2spec against nginx written by hand");
  const byHand = await failuresOf(program, sides.byHand.https);
  say("h2spec against Sluice");
  const ours = await failuresOf(program, sides.ours.https);
  const worse = [...ours].filter((one) => !byHand.has(one));
  return { rows: [["h2spec", `${byHand.size} cases fail of nginx, ${ours.size} of Sluice`]], wrong: worse.map((one) => `h2spec fails of Sluice, and not of nginx: ${one}`) };
}

function print({ rows, wrong }: Outcome): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  process.stdout.write(`${rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n")}\n${wrong.map((one) => `WRONG: ${one}\n`).join("")}`);
  if (wrong.length > 0) process.exitCode = 1;
}

async function run(options: AbuseOptions, h2spec: string | undefined): Promise<void> {
  say(`--seed=${options.seed}, ${ATTACKS.length} attacks`);
  const echo = await startEcho("web");
  const sluice = await beginSluice({
    files: { "web.yaml": site({ name: "web", host: HOST, endpoints: [`127.0.0.1:${echo.port}`], annotations: { "ssl-redirect": "false" } }), "settings.yaml": configMap(SETTINGS) },
    args: ["--configmap=sluice/sluice"],
  });
  print(await abuse(options, sluice, createRandom(options.seed)));
  await stopSluice(sluice);
  await echo.close();
  if (h2spec === undefined) say("h2spec is not installed: give its path with --h2spec=PATH");
  else print(await compareH2spec(h2spec));
}

await runCommand({
  name: "abuse", usage: USAGE, parse: parseAbuseOptions, needs: () => ["nginx", "openssl"],
  async run(options) {
    const h2spec = findH2spec(options.h2spec);
    await inFolder(async () => await run(options, h2spec));
  },
});
// Attackers' sockets that nginx has not let go of yet hold nobody.
process.exit();
