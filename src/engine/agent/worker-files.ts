/** Files in the runtime folder that nginx's workers can read and not write. */
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";

/** The workers' group, when workers run under an account of their own. */
export type Readers = { readonly gid: number } | undefined;

/** Makes the file anew. Modes are set before there is content: whatever lay there before, nobody else has opened it. */
export function writeForWorkers(file: string, text: string, readers: Readers): void {
  rmSync(file, { force: true });
  writeFileSync(file, "", { mode: 0o600, flag: "wx" });
  if (readers) {
    chownSync(file, process.getuid?.() ?? 0, readers.gid);
    chmodSync(file, 0o640);
  }
  writeFileSync(file, text);
}
