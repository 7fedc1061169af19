/** A copy of the project with a build of the command line of its own, which no other work on this machine makes stale. */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./sluice.ts";

export interface BuiltCopy {
  /** The folder that the copy lies in, alone. */
  readonly folder: string;
  /** The copy: a folder with a blank in its name. */
  readonly project: string;
  remove(): void;
}

const COPIED = ["src", "edge/src", "edge/stream", "package.json", "tsconfig.json", "scripts/build-command.ts", "examples", "bin/sluice", "bin/sources.sh", "bin/kubectl-sluice"];

export function builtCopy(): BuiltCopy {
  const folder = mkdtempSync(join(tmpdir(), "sluice-built-"));
  // nginx's workers read the edge in it.
  chmodSync(folder, 0o755);
  const project = join(folder, "a path");
  mkdirSync(join(project, "bin"), { recursive: true });
  for (const part of COPIED) cpSync(join(ROOT, part), join(project, part), { recursive: true, verbatimSymlinks: true });
  for (const part of ["node_modules", "edge/build"]) symlinkSync(join(ROOT, part), join(project, part));
  execFileSync(process.execPath, [join(project, "scripts/build-command.ts")]);
  return { folder, project, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
