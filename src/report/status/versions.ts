/** Versions of objects that the status writer knows of before the source tells of them. */
import { isOlder } from "../../source/kubernetes/versions.ts";
import type { Meta } from "../../source/objects.ts";

/**
 * Keeps the versions that our own writes made, and those that the API server called outdated, until the source tells of
 * newer ones.
 */
export function createVersions() {
  const written = new Map<string, string>();
  const outdated = new Map<string, string | undefined>();
  return {
    /** The version that our last write made, if the source has not told of it. */
    written(key: string, { metadata }: { readonly metadata: Meta }): string | undefined {
      const version = written.get(key);
      if (version !== undefined && isOlder(metadata.resourceVersion, version)) return version;
      written.delete(key);
      return undefined;
    },
    /** False: the API server called this version outdated. */
    isNews(key: string, version: string | undefined): boolean {
      if (outdated.has(key) && outdated.get(key) === version) return false;
      outdated.delete(key);
      return true;
    },
    wrote(key: string, version: string | undefined): void {
      if (version !== undefined) written.set(key, version);
    },
    refused(key: string, version: string | undefined): void {
      outdated.set(key, version);
    },
    clear(): void {
      written.clear();
      outdated.clear();
    },
  };
}
