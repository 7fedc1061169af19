/** Files in the runtime folder that nginx's workers can read and not write. */
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";

/** The workers' group, when workers run under an account of their own. */
export type Readers = { readonly gid: number } | undefined;

/** Makes the file anew. Its mode is set before there is content, so that nobody else can have opened it, whatever was there before. */
export function writeForWorkers(file: string, text: string, readers: Readers): void {
  rmSync(file, { force: true });
  writeFileSync(file, "", { mode: 0o600, flag: "wx" });
  if (readers) {
    chownSync(file, process.getuid?.() ?? 0, readers.gid);
    chmodSync(file, 0o640);
  }
  writeFileSync(file, text);
}

/** Makes a folder that only workers and we can pass through. */
export function makeFolderFor(folder: string, readers: Readers): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readers) chownSync(folder, process.getuid?.() ?? 0, readers.gid);
  chmodSync(folder, readers ? 0o710 : 0o700);
}
