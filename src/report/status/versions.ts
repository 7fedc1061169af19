/** What a writer knows of versions of objects that the source has not told of yet. */
import { isOlder } from "../../source/kubernetes/versions.ts";
import type { Ingress } from "../../source/objects.ts";

/**
 * What is known of versions that the source has not told of yet: those that our own writes made, and that one which the
 * API server called outdated is not the newest.
 */
export function createVersions() {
  const written = new Map<string, string>();
  const outdated = new Map<string, string | undefined>();
  return {
    /** The version that our last write made, if the source has not told of it. */
    written(key: string, { metadata }: Ingress): string | undefined {
      const version = written.get(key);
      if (version !== undefined && isOlder(metadata.resourceVersion, version)) return version;
      written.delete(key);
      return undefined;
    },
    /** False: the API server has a newer one. */
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
