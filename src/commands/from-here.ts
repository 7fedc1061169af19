/** Files, as people in the working folder name them. */
import { relative, resolve } from "node:path";

/** The path as it is below the working folder, which is the repository's root in a pipeline; else as it is. */
export function fromHere(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return path === "" || path.startsWith("..") ? file : path;
}
