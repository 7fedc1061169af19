/**
 * The cases of `test/cases`: each folder is Kubernetes objects, what they mean, and what clients then get.
 *
 * Each case is run three times: its objects are compiled, and the Program and the findings compared with its golden files;
 * real nginx answers its requests; and the matcher on Node decides the same requests.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { check, type Jar } from "./support/cases/ask.ts";
import { CASES, CONFIGMAP, readCases, type Case } from "./support/cases/case.ts";
import { compileFolder, type Compiled } from "./support/cases/compiled.ts";
import { refusalFor } from "./support/cases/explained.ts";
import { compareGolden, printFindings, printProgram } from "./support/cases/golden.ts";
import { matcherFor } from "./support/cases/matcher.ts";
import { startPods, takeNetwork, type Network } from "./support/cases/network.ts";
import { startSluice, writeFiles, type Sluice } from "./support/sluice.ts";

/** Case → reason → number of reloads that the case cost. The reloads of the annotations' cases have a golden file. */
const reloads = new Map<string, Readonly<Record<string, number>>>();
const COUNTED = "annotations";

const FILES = ["cluster.yaml", "backends.yaml", "certificates.yaml"];
let network: Network;
let shared: Sluice;

before(async () => {
  network = await takeNetwork();
  shared = await startSluice({ args: [`--configmap=${CONFIGMAP}`] });
});
after(async () => {
  await shared?.stop();
  await network?.close();
});

const cases = readCases();

for (const one of cases) {
  test(one.name, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-case-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFiles(folder, one.manifests);
    const compiled = await compileFolder(folder, one.flags);
    await t.test("means what program.yaml and findings.yaml say", () => {
      compareGolden(one.folder, "program.yaml", printProgram(compiled));
      compareGolden(one.folder, "findings.yaml", printFindings(compiled.findings, folder));
    });
    await t.test("nginx, and the matcher on Node, answer as requests.yaml says", () => serve(one, compiled));
  });
}

async function serve(one: Case, compiled: Compiled): Promise<void> {
  const pods = await startPods(compiled.snapshot, one.silent, network);
  const sluice = one.own ? await startSluice({ args: [`--configmap=${CONFIGMAP}`, ...one.flags] }) : shared;
  const before = await reloadsByReason(sluice);
  try {
    const written = Object.entries(one.manifests).map(([name, text]) => [name, network.toLocal(text)]);
    await sluice.apply({ ...nothing(), ...Object.fromEntries(written) });
    const asking = {
      sluice, network, certificates: one.certificates, clients: one.clients, jars: new Map<string, Jar>(), outcomes: matcherFor(compiled.program, one.clients),
    refusal: refusalFor(compiled),
    };
    assert.ok(one.requests.length > 0, "a case asks at least one request");
    for (const request of one.requests) {
      try {
        await check(request, asking);
      } catch (error) {
        (error as Error).message = `${request.ask} ${JSON.stringify(request.headers)}: ${(error as Error).message}`;
        throw error;
      }
    }
    reloads.set(one.name, difference(before, await reloadsByReason(sluice)));
  } finally {
    // Waits until the removal is programmed, so that a reload for it does not count for the next case.
    if (sluice === shared) await sluice.apply(nothing());
    else await sluice.stop();
    await Promise.all(pods.map((pod) => pod.close()));
  }
}

test("annotations reload nginx for what they must, and no more", (t) => {
  const counted = cases.map(({ name }) => name).filter((name) => name.startsWith(`${COUNTED}/`));
  if (counted.some((name) => !reloads.has(name))) return t.skip("only some of the cases ran");
  const costly = counted.flatMap((name) => (Object.keys(reloads.get(name) ?? {}).length > 0 ? [[name, reloads.get(name)]] : []));
  compareGolden(join(CASES, COUNTED), "reloads.yaml", Object.fromEntries(costly) as object);
});

/** Reason → number of reloads since the start, as the counter at /metrics says. */
async function reloadsByReason(sluice: Sluice): Promise<ReadonlyMap<string, number>> {
  const { text } = await sluice.ask("/metrics");
  return new Map([...text.matchAll(/^sluice_reloads_total\{reason="([^"]+)"\} (\d+)$/gm)].map(([, reason = "", count]) => [reason, Number(count)]));
}

function difference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const grown = [...after].map(([reason, count]): [string, number] => [reason, count - (before.get(reason) ?? 0)]);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

/** Removes all files that the previous case may have written. */
function nothing(): Record<string, undefined> {
  return Object.fromEntries(FILES.map((name) => [name, undefined]));
}
