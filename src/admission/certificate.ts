/**
 * Keeps the webhook's certificate as it is in its files.
 *
 * Guarantee: files that cannot be used, half-written ones among them, leave the previous certificate in use and are a
 * finding; a change is seen within a second or two, also when a whole folder is swapped, as mounted Secrets are.
 */
import { unwatchFile, watchFile } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { SecureContextOptions } from "node:tls";
import type { Finding } from "../model/findings/findings.ts";
import { certificateUnusable } from "./findings.ts";

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Empty: clients need no certificate. */
  readonly clientCa: string;
}

export interface FollowedCertificate {
  /** What is wrong with the files now; undefined: nothing. */
  readonly finding: Finding | undefined;
  stop(): void;
}

const LOOK_EVERY_MS = 1000;

/** Resolves when the files were read once. `use` is called with every usable state of them, `changed` after every reading. */
export async function followCertificate(files: CertificateFiles, use: (options: SecureContextOptions) => void, changed: () => void): Promise<FollowedCertificate> {
  const paths = [files.certificate, files.key, ...(files.clientCa === "" ? [] : [files.clientCa])];
  let finding: Finding | undefined;
  let used = false;
  let reading: Promise<void> = Promise.resolve();
  const read = async (): Promise<void> => {
    try {
      const [cert, key, ca] = await Promise.all(paths.map((path) => readFile(path)));
      const options = { cert, key, ...(ca ? { ca } : {}), minVersion: "TLSv1.2" } as const;
      // Throws where certificate and key do not match.
      createSecureContext(options);
      use(options);
      used = true;
      finding = undefined;
    } catch (error) {
      finding = certificateUnusable(files.certificate, { why: reasonOf(error), previous: used });
    }
    changed();
  };
  const look = (): void => {
    reading = reading.then(read);
  };
  for (const path of paths) watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look);
  look();
  await reading;
  return {
    get finding() {
      return finding;
    },
    stop: () => {
      for (const path of paths) unwatchFile(path, look);
    },
  };
}

function reasonOf(error: unknown): string {
  const { code, message, path } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${path ?? "a file"} does not exist`;
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") return "its certificate and its key do not belong together";
  return message;
}
