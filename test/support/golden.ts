/** Where the rendered manifests lie. */
import { basename, join } from "node:path";
import { ROOT } from "./sluice.ts";

export function goldenFile(folder: string): string {
  return join(ROOT, "test/deploy/golden", `${basename(folder)}.yaml`);
}
