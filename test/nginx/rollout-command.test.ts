/** `sluice rollout` and `sluice wait --for=rollout` beside a Sluice whose clients ask: what they print, what they change, and how they end. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readAdminToken } from "../../src/report/admin-token.ts";
import type { RolloutStatus } from "../../src/rollout/status.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { documents } from "../support/manifests.ts";
import { releaseObjects, rolloutOf, startVersion, startVisitors, untilRollout, type Manners, type Version } from "../support/release.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";

interface Beside {
  readonly sluice: Sluice;
  readonly canary: Version;
  readonly promote: () => Promise<unknown>;
  /** Runs a command of Sluice with its ports. */
  readonly run: (...words: readonly string[]) => Promise<Ended>;
  /** `sluice rollout …` with the folder, too. */
  readonly rollout: (...words: readonly string[]) => Promise<Ended>;
}

async function beside(t: TestContext, rollout: string | undefined, manners: Manners = {}): Promise<Beside> {
  const [primary, canary] = [await startVersion(t, "web"), await startVersion(t, "next", manners)];
  const files = (points: "web" | "next"): Record<string, string> => ({ "shop.yaml": documents(...releaseObjects({ primary: primary.port, canary: canary.port, rollout, points })) });
  const sluice = await startSluice({ files: files("web") });
  t.after(() => sluice.stop());
  if (rollout !== undefined) await untilRollout(sluice, () => true, "begun");
  const run = (...words: readonly string[]): Promise<Ended> => runCommand([...words, `--healthz-port=${sluice.health}`], { COLUMNS: "", NO_COLOR: "1" });
  return { sluice, canary, promote: () => sluice.apply(files("next")), run, rollout: (...words) => run("rollout", ...words, `--runtime-dir=${sluice.runtimeDir}`) };
}

test("a release is listed, shown, paused, resumed, skipped on, aborted and begun anew", { timeout: 120_000 }, async (t) => {
  const { sluice, canary, rollout } = await beside(t, "{steps: [20, 50, 100], every: 3s, requests: 20, latency: {within: 30x}}");
  startVisitors(t, sluice.http);
  assert.deepEqual(await rollout("pause", "ingress/shop/next"), { code: 0, stdout: "ingress/shop/next: A person paused the release at 20 % (step 1 of 3); it is judged all the same\n", stderr: "" });
  await untilRollout(sluice, ({ lasted }) => lasted > 4, "judged beyond its time");
  const before = canary.asked();
  await sleep(1000);
  assert.ok(canary.asked() > before, "a paused canary gets requests");
  const { step, status } = await rolloutOf(sluice) ?? {};
  assert.deepEqual([step, status], [1, "paused"]);

  const list = (await rollout("list")).stdout.split("\n");
  assert.match(list[0] ?? "", /^INGRESS +STATUS +STEP +WEIGHT +CANARY +PRIMARY +SINCE +BEGUN$/);
  assert.match(list[1] ?? "", /^shop\/next +paused +1\/3 +20 % +0 % of [\d,]+ +0 % of [\d,]+ +\d+s +\d+s$/);
  assert.equal((await rollout("list", "-n", "other")).stdout, 'No rollouts: a canary has one with the annotation sluice.ingress/rollout, and "sluice get findings" tells of those that cannot be read.\n');
  assert.deepEqual((JSON.parse((await rollout("list", "-ojson")).stdout) as RolloutStatus[]).map(({ ingress }) => ingress), ["shop/next"]);
  for (const words of [["shop/next", "--once"], ["next", "-n", "shop"], ["ingress/next", "-nshop"], []]) {
    const { code, stdout, stderr } = await rollout("status", ...words);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^ingress\/shop\/next {3}paused {3}20 % of the requests\n {2}steps +‖ 20 % {2}· 50 % {2}· 100 % {3}step 1 of 3\n[^]*\n {2}waits for somebody to resume it\n[^]*\n {2}canary +[\d,]+ +0 % +\d+ ms\n/);
    assert.ok(!stdout.includes("\u001b"));
  }
  assert.equal((JSON.parse((await rollout("status", "shop/next", "-o", "json")).stdout) as RolloutStatus).status, "paused");

  assert.match((await rollout("resume", "shop/next")).stdout, /^ingress\/shop\/next: A person resumed the release at 20 % \(step 1 of 3\)\n$/);
  await untilRollout(sluice, (now) => now.step === 2, "at its second step");
  assert.match((await rollout("skip", "shop/next")).stdout, /skipped a step: the canary is at 100 % \(step 3 of 3\)\n$/);
  const aborted = await rollout("abort", "shop/next", "-o", "json");
  assert.deepEqual([aborted.code, (JSON.parse(aborted.stdout) as RolloutStatus).weight], [0, 0]);
  await sleep(1500);
  const late = canary.asked();
  await sleep(1000);
  assert.equal(canary.asked(), late, "an aborted canary gets nothing");
  assert.deepEqual(await rollout("skip", "shop/next"), { code: 1, stdout: "", stderr: 'sluice: The release of ingress/shop/next was not taken to its next step: it is aborted: "restart" begins it anew.\n' });
  assert.match((await rollout("restart", "ingress/shop/next")).stdout, /A person began the release anew: the canary gets 20 % /);
  assert.equal((await untilRollout(sluice, ({ weight }) => weight > 0, "begun anew")).step, 1);
});

test("wait ends with a release that is ready, and with one that is promoted", { timeout: 120_000 }, async (t) => {
  const { sluice, run, promote } = await beside(t, "{steps: [20, 100], every: 1s, requests: 50, latency: off}");
  const late = await run("wait", "ingress/shop/next", "--for=rollout", "--timeout=1s");
  assert.equal(late.code, 1);
  assert.match(late.stderr, /\nThe release of ingress\/shop\/next is not over after 1 s: step 1 of 2, at 20 % of the requests: requests: neither version had one at this step\n$/);
  startVisitors(t, sluice.http);
  const ready = await run("wait", "ingress/shop/next", "--for=rollout", "--timeout=25s");
  assert.deepEqual([ready.code, ready.stdout.slice(0, 58)], [0, "The release of ingress/shop/next is ready to promote. Read"], ready.stderr);
  assert.match(ready.stderr, /^waiting: step 1 of 2, at 20 % of the requests: /);
  await promote();
  const promoted = await run("wait", "shop/next", "--for=rollout", "-o", "json");
  assert.deepEqual([promoted.code, (JSON.parse(promoted.stdout) as RolloutStatus).status, promoted.stderr], [0, "promoted", ""]);
});

test("wait ends with a release that failed, or was aborted, and where there is none", { timeout: 120_000 }, async (t) => {
  const { sluice, run, rollout } = await beside(t, "{steps: [50, 100], every: 1h, latency: off}", { errors: 0.5 });
  startVisitors(t, sluice.http);
  const failed = await run("wait", "shop/next", "--for=rollout", "--timeout=25s");
  assert.equal(failed.code, 3, failed.stderr);
  assert.match(failed.stderr, /\nThe release of ingress\/shop\/next has failed\. The canary has more errors than the primary: it gets none by weight any more\. /);
  assert.match((await rollout("resume", "shop/next")).stderr, /was not resumed: the canary was taken back: "restart" begins its release anew\.\n$/);
  assert.equal((await rollout("restart", "shop/next")).code, 0);
  assert.equal((await rollout("abort", "shop/next")).code, 0);
  const aborted = await run("wait", "shop/next", "--for=rollout");
  assert.deepEqual([aborted.code, aborted.stderr], [3, "The release of ingress/shop/next was aborted. A person took the canary back: it gets none by weight any more\n"]);
  const none = await run("wait", "shop/web", "--for=rollout");
  assert.deepEqual([none.code, none.stderr], [3, "sluice: There is no rollout of ingress/shop/web, but of ingress/shop/next: name the Ingress of the canary.\n"]);
  const absent = await run("wait", "shop/nothing", "--for=rollout");
  assert.deepEqual([absent.code, absent.stderr.startsWith("There is no Ingress nothing in namespace shop")], [3, true]);
});

/** Status and body of a POST, with these headers and no others. */
function post(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<readonly [status: number | undefined, text: string]> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, method: "POST", headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (text += piece)).once("end", () => resolve([answer.statusCode, text]));
    }).once("error", reject).end();
  });
}

test("a change needs the token of the running Sluice, and every mistake is told with its remedy", { timeout: 120_000 }, async (t) => {
  const { sluice, run, rollout } = await beside(t, "{steps: [20, 100], every: 1h, latency: off}");
  const path = "/api/v1/rollouts/shop/next/abort";
  for (const headers of [{ host: "127.0.0.1" }, { host: "localhost", authorization: `Bearer ${"0".repeat(64)}` }, { host: "127.0.0.1", authorization: "Bearer " }, { host: "127.0.0.1", authorization: readAdminToken(sluice.runtimeDir) }]) {
    const [status, text] = await post(sluice.health, path, headers);
    assert.deepEqual([status, text], [403, `this needs the token in ${sluice.runtimeDir}: run sluice as the user that Sluice runs as, with --runtime-dir=${sluice.runtimeDir}\n`]);
  }
  const authorization = `Bearer ${readAdminToken(sluice.runtimeDir)}`;
  for (const headers of [{ host: "shop.example", authorization }, { host: "127.0.0.1", authorization, "x-forwarded-for": "192.0.2.1" }, { host: "127.0.0.1", authorization, origin: "http://shop.example" }]) {
    assert.equal((await post(sluice.health, path, headers))[0], 403, JSON.stringify(headers));
  }
  assert.equal((await rolloutOf(sluice))?.status, "advancing");

  const folder = mkdtempSync(join(tmpdir(), "sluice-rollout-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const none = await run("rollout", "pause", "shop/next", `--runtime-dir=${folder}`);
  assert.deepEqual([none.code, none.stderr], [1, `sluice: A change needs the token of the running Sluice, and ${folder}/admin.token is not there: run this as the user that Sluice runs as, with the --runtime-dir that it has.\n`]);
  writeFileSync(join(folder, "admin.token"), "secret");
  assert.match((await run("rollout", "pause", "shop/next", `--runtime-dir=${folder}`)).stderr, /holds no token of a Sluice: name the --runtime-dir of the one that runs\.\n$/);
  writeFileSync(join(folder, "admin.token"), "0".repeat(64));
  const wrong = await run("rollout", "pause", "shop/next", `--runtime-dir=${folder}`);
  assert.deepEqual([wrong.code, wrong.stderr], [1, `sluice: The release of ingress/shop/next was not paused: this needs the token in ${sluice.runtimeDir}: run sluice as the user that Sluice runs as, with --runtime-dir=${sluice.runtimeDir}.\n`]);
  assert.equal((await run("rollout", "pause", "shop/next")).code, 0, "without a folder, that of the Sluice that answers is looked in");
  assert.equal((await rollout("pause", "shop/next")).code, 0, "who asks for what is so already has it");
  assert.equal((await rollout("abort", "shop/next")).code, 0);
  assert.match((await rollout("pause", "shop/next")).stderr, /was not paused: it is aborted: "restart" begins it anew\.\n$/);
  const [free] = await freePorts(1);
  for (const [words, code, says] of [
    [[], 2, /What about rollouts\? Write "sluice rollout" and one of list, status, /],
    [["stauts"], 2, /did you mean "status"\?/],
    [["pause"], 2, /Which one\? Write "sluice rollout pause ingress\/shop\/next"; "sluice rollout list" lists those/],
    [["pause", "next"], 2, /"next" is not ingress\/NAMESPACE\/NAME/],
    [["pause", "shop/next", "shop/web"], 2, /"shop\/web" is one too many/],
    [["pause", "shop/next", "-n", "other"], 2, /--namespace=other and shop\/next name different namespaces/],
    [["list", "shop/next"], 2, /"sluice rollout status shop\/next" shows one/],
    [["list", "--once"], 2, /--once is for "sluice rollout status"/],
    [["status", "shop/nxt"], 1, /There is no rollout of ingress\/shop\/nxt: did you mean ingress\/shop\/next\?/],
    [["abort", "other/next"], 1, /There is no rollout of ingress\/other\/next: did you mean ingress\/shop\/next\?/],
    [["status", "shop/web"], 1, /There is no rollout of ingress\/shop\/web, but of ingress\/shop\/next: name the Ingress of the canary\./],
    [["list", `--healthz-port=${free}`], 4, /No Sluice answers at 127\.0\.0\.1:\d+ \(connection refused\)/],
    [["pause", "shop/next", `--healthz-port=${free}`], 4, /No Sluice answers/],
  ] as const) {
    const ended = await runCommand(["rollout", `--healthz-port=${sluice.health}`, ...words]);
    assert.deepEqual([ended.code, ended.stdout], [code, ""], words.join(" "));
    assert.match(ended.stderr, says);
    assert.match(ended.stderr, /^sluice: [^\n]*[.?]\n$/);
  }
});

test("a canary without a rollout, and no canary at all", { timeout: 60_000 }, async (t) => {
  const { rollout } = await beside(t, undefined);
  assert.deepEqual((await rollout("list")).stdout, 'No rollouts: a canary has one with the annotation sluice.ingress/rollout, and "sluice get findings" tells of those that cannot be read.\n');
  assert.deepEqual((await rollout("list", "-o", "json")).stdout, "[]\n");
  const { code, stderr } = await rollout("abort", "shop/next");
  assert.deepEqual([code, stderr], [1, "sluice: There is no rollout of ingress/shop/next, nor of any other: a canary has one with the annotation sluice.ingress/rollout.\n"]);
});
