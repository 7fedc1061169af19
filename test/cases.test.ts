/**
 * The cases of `test/cases`: each folder is Kubernetes objects, what they mean, and what clients then get.
 *
 * Each case three times: objects → program and findings, compared with its golden files; its requests answered by
 * real nginx; and the same requests decided by the matcher on Node.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { check } from "./support/cases/ask.ts";
import { CONFIGMAP, readCases, type Case } from "./support/cases/case.ts";
import { compileFolder, type Compiled } from "./support/cases/compiled.ts";
import { compareGolden, printFindings, printProgram } from "./support/cases/golden.ts";
import { matcherFor } from "./support/cases/matcher.ts";
import { startPods, takeNetwork, type Network } from "./support/cases/network.ts";
import { startSluice, writeFiles, type Sluice } from "./support/sluice.ts";

const FILES = ["cluster.yaml", "backends.yaml", "certificates.yaml"];
let network: Network;
let shared: Sluice;

before(async () => {
  network = await takeNetwork();
  shared = await startSluice({ args: [`--configmap=${CONFIGMAP}`] });
});
after(async () => {
  await shared.stop();
  await network.close();
});

for (const one of readCases()) {
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
  try {
    const written = Object.entries(one.manifests).map(([name, text]) => [name, network.toLocal(text)]);
    await sluice.apply({ ...nothing(), ...Object.fromEntries(written) });
    const asking = { sluice, network, certificates: one.certificates, outcomes: matcherFor(compiled.program) };
    assert.ok(one.requests.length > 0, "a case asks at least one request");
    for (const request of one.requests) {
      try {
        await check(request, asking);
      } catch (error) {
        (error as Error).message = `${request.ask} ${JSON.stringify(request.headers)}: ${(error as Error).message}`;
        throw error;
      }
    }
  } finally {
    if (sluice === shared) sluice.write(nothing());
    else await sluice.stop();
    await Promise.all(pods.map((pod) => pod.close()));
  }
}

/** The files of the case before, away. */
function nothing(): Record<string, undefined> {
  return Object.fromEntries(FILES.map((name) => [name, undefined]));
}
