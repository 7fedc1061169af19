/**
 * The certificate of last resort: self-signed, made on the machine, for names that have no certificate.
 *
 * It has the subject and the name of ingress-nginx's, because people's monitoring knows them. It proves nothing to
 * anybody, so its key is the only key that may lie on a disk.
 */
import { generateKeyPairSync, sign, X509Certificate, type KeyObject, randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { FILES } from "../../compile/nginx-conf.ts";

const DAY_MS = 86_400_000;
const VALID_DAYS = 365;
const RENEW_DAYS = 30;

/** Makes the pair in `folder` unless one is there that is valid for another month. */
export function ensureDefaultCertificate(folder: string, now = new Date()): void {
  const certificate = `${folder}/${FILES.certificate}`;
  const key = `${folder}/${FILES.certificateKey}`;
  if (existsSync(key) && isFresh(certificate, now)) return;
  const made = selfSigned(now);
  writeFileSync(`${key}.new`, made.key, { mode: 0o600 });
  chmodSync(`${key}.new`, 0o600);
  writeFileSync(`${certificate}.new`, made.certificate, { mode: 0o644 });
  renameSync(`${key}.new`, key);
  renameSync(`${certificate}.new`, certificate);
}

function isFresh(file: string, now: Date): boolean {
  try {
    const { validToDate } = new X509Certificate(readFileSync(file));
    return validToDate.getTime() - now.getTime() > RENEW_DAYS * DAY_MS;
  } catch {
    return false;
  }
}

export interface SelfSigned {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** An ECDSA P-256 certificate for one DNS name (RFC 5280, encoded by X.690's distinguished rules). */
export function selfSigned(now: Date, dnsName = "ingress.local"): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = toBeSigned(publicKey, now, dnsName);
  const signature = sign("sha256", body, privateKey);
  const der = sequence(body, sequence(ECDSA_WITH_SHA256), tlv(0x03, Buffer.concat([Buffer.of(0), signature])));
  return {
    certificate: pem("CERTIFICATE", der),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function toBeSigned(publicKey: KeyObject, now: Date, dnsName: string): Buffer {
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(15)]);
  const name = sequence(
    attribute(oid(0x55, 0x04, 0x0a), "Acme Co"),
    attribute(oid(0x55, 0x04, 0x03), "Kubernetes Ingress Controller Fake Certificate"),
  );
  const validity = sequence(time(now), time(new Date(now.getTime() + VALID_DAYS * DAY_MS)));
  return sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, serial),
    sequence(ECDSA_WITH_SHA256),
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(subjectAltName(dnsName), serverAuth())),
  );
}

const ECDSA_WITH_SHA256 = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);

function subjectAltName(dnsName: string): Buffer {
  return sequence(oid(0x55, 0x1d, 0x11), tlv(0x04, sequence(tlv(0x82, Buffer.from(dnsName, "latin1")))));
}

function serverAuth(): Buffer {
  return sequence(oid(0x55, 0x1d, 0x25), tlv(0x04, sequence(oid(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01))));
}

function attribute(type: Buffer, text: string): Buffer {
  return tlv(0x31, sequence(type, tlv(0x0c, Buffer.from(text, "utf8"))));
}

/** UTCTime to the second (valid until 2049, RFC 5280 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`, "latin1"));
}

function oid(...bytes: number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes));
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

function length(size: number): Buffer {
  if (size < 128) return Buffer.of(size);
  if (size < 256) return Buffer.of(0x81, size);
  return Buffer.of(0x82, size >> 8, size & 255);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
