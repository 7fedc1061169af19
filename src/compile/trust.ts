/**
 * Files of CA certificates by which nginx verifies backends: the only part of a profile that is neither a directive nor
 * a variable. The agent writes them beside nginx.conf, under names that are digests of their content.
 */
import type { Profile } from "./profiles.ts";

/** Id of a set of CA certificates → the certificates, PEM. */
export type TrustById = ReadonlyMap<string, string>;

const NAME = /^trust-[0-9a-f]{64}\.pem$/;

/** The file's name, in the runtime folder. */
export function trustFile(id: string): string {
  return `trust-${id}.pem`;
}

export function isTrustFile(name: string): boolean {
  return NAME.test(name);
}

/** File name → content, for the profiles whose CA certificates are known; the files of older profiles lie in the folder already. */
export function trustFiles(profiles: Iterable<Profile>, known: TrustById): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { tls } of profiles) {
    const pem = tls && known.get(tls.trust);
    if (tls && pem !== undefined) files[trustFile(tls.trust)] = pem;
  }
  return files;
}
