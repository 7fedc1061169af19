/** Certificates of clients, and the CAs that sign them, made by the `openssl` command. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "./openssl.ts";

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
const CLIENT = "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n";

/** A new root CA. */
export function authority(name: string): KeyPair {
  return inFolder((file) => {
    openssl(["req", "-x509", ...NEW_KEY, "-keyout", file("key"), "-out", file("crt"), "-days", "365", "-subj", `/CN=${name}`]);
    return { chain: read(file("crt")), key: read(file("key")) };
  });
}

export interface Issue {
  /** An intermediate CA's. */
  readonly ca?: boolean;
  /** A server's, for these names as openssl writes them: `DNS:shop.example`, `IP:127.0.0.1`. */
  readonly server?: readonly string[];
}

/** A certificate signed by this CA: a client's, where nothing else is said. @param subject as openssl writes it: `/O=shop/CN=alice`. */
export function issued(by: KeyPair, subject: string, { ca = false, server }: Issue = {}): KeyPair {
  return inFolder((file) => {
    writeFileSync(file("ca.crt"), by.chain);
    writeFileSync(file("ca.key"), by.key);
    writeFileSync(file("ext"), ca ? CA : server ? `basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=${server.join(",")}\n` : CLIENT);
    openssl(["req", ...NEW_KEY, "-keyout", file("key"), "-out", file("csr"), "-subj", subject]);
    const issuer = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial"];
    openssl(["x509", "-req", "-in", file("csr"), ...issuer, "-days", "365", "-extfile", file("ext"), "-out", file("crt")]);
    return { chain: read(file("crt")), key: read(file("key")) };
  });
}

/** The CA's list of these revoked certificates, PEM. */
export function revocationList(by: KeyPair, revoked: readonly KeyPair[]): string {
  return inFolder((file) => {
    writeFileSync(file("ca.crt"), by.chain);
    writeFileSync(file("ca.key"), by.key);
    writeFileSync(file("index"), "");
    writeFileSync(file("conf"), `[ca]\ndefault_ca=all\n[all]\ndatabase=${file("index")}\ndefault_md=sha256\ndefault_crl_days=30\n`);
    const ca = ["ca", "-config", file("conf"), "-keyfile", file("ca.key"), "-cert", file("ca.crt")];
    for (const { chain } of revoked) {
      writeFileSync(file("revoked"), chain);
      openssl([...ca, "-revoke", file("revoked")]);
    }
    openssl([...ca, "-gencrl", "-out", file("crl")]);
    return read(file("crl"));
  });
}

function inFolder<T>(make: (file: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "authority-"));
  try {
    return make((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openssl(args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}
