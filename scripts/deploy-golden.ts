/** Writes test/deploy/golden/*.yaml: what kubectl makes of deploy/kustomize. A test says when one is out of date. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { goldenFile } from "../test/support/golden.ts";
import { kubectlMissing, kustomizations, kustomize } from "../test/support/kubectl.ts";

if (kubectlMissing !== undefined) throw new Error("kubectl is not installed");
for (const folder of kustomizations()) {
  const file = goldenFile(folder);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, kustomize(folder));
  process.stdout.write(`${file}\n`);
}
