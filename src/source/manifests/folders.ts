/**
 * Which manifest files there are, without reading them.
 *
 * Symbolic links are followed (Kubernetes mounts ConfigMaps as links through `..data`), names that start with a dot
 * are skipped, and a folder that cannot be listed is reported, so that nobody takes it for an empty one.
 */
import { readdir, stat } from "node:fs/promises";
import { join, normalize } from "node:path";

export interface Walk {
  /** Path → a text that changes whenever the file was written or replaced. */
  readonly files: Map<string, string>;
  /** Path of each folder → its identity. */
  readonly folders: Map<string, string>;
  /** Path → reason. What lies below is unknown, not gone. */
  readonly unreadable: Map<string, string>;
}

/** Entries that are looked at together: more would only cost memory. */
const BATCH = 64;

export function isManifestName(name: string): boolean {
  return /^[^.].*\.(?:yaml|yml|json)$/.test(name);
}

/** Everything below `roots`; a root may be a single file. Never rejects. */
export async function walk(roots: readonly string[]): Promise<Walk> {
  const found: Walk = { files: new Map(), folders: new Map(), unreadable: new Map() };
  for (const root of roots) await visit(normalize(root), [], found, true);
  return found;
}

async function visit(path: string, ancestors: readonly string[], found: Walk, isRoot: boolean): Promise<void> {
  try {
    const stats = await stat(path, { bigint: true });
    const identity = `${stats.dev}:${stats.ino}`;
    if (stats.isFile()) {
      found.files.set(path, [identity, stats.size, stats.mtimeNs, stats.ctimeNs].join(":"));
    } else if (stats.isDirectory() && !ancestors.includes(identity)) {
      const entries = await readdir(path, { withFileTypes: true });
      found.folders.set(path, identity);
      const wanted = entries.filter((entry) => !entry.name.startsWith(".") && (!entry.isFile() || isManifestName(entry.name)));
      for (let from = 0; from < wanted.length; from += BATCH) {
        const batch = wanted.slice(from, from + BATCH);
        await Promise.all(batch.map(({ name }) => visitEntry(join(path, name), name, [...ancestors, identity], found)));
      }
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    // Below a root, what vanished since it was listed is simply gone; a dangling link is nothing.
    if (isRoot || code !== "ENOENT") found.unreadable.set(path, code);
  }
}

/** A link may lead to a folder of any name, but to a file only under a manifest's name. */
async function visitEntry(path: string, name: string, ancestors: readonly string[], found: Walk): Promise<void> {
  await visit(path, ancestors, found, false);
  if (!isManifestName(name)) found.files.delete(path);
}
