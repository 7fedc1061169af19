/**
 * Certificates for tests, made by the `openssl` command: nothing that looks like a private key is kept in the project.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyPair {
  readonly chain: string;
  readonly key: string;
}

/** A self-signed certificate for a year. @param names DNS names; none: the common name alone. */
export function selfSigned(names: readonly string[], commonName = "test", kind: "ec" | "rsa" = "ec"): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  try {
    const [key, chain] = [join(folder, "key.pem"), join(folder, "chain.pem")];
    const san = names.length > 0 ? ["-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`] : [];
    const newKey = kind === "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] : ["rsa:2048"];
    execFileSync("openssl", ["req", "-x509", "-newkey", ...newKey, "-nodes", "-keyout", key, "-out", chain, "-days", "365", "-subj", `/CN=${commonName}`, ...san], { stdio: "pipe" });
    return { chain: readFileSync(chain, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
