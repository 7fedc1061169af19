/**
 * Thousands of certificates within seconds, each for a host of its own: one is made by OpenSSL, the others are it with another
 * name of the same length, signed anew. They share one key.
 */
import { createPrivateKey, sign } from "node:crypto";
import { selfSigned, type KeyPair } from "../../test/support/openssl.ts";

/** Bytes of an RSA signature by a key of 2048 bits, which end the certificate. */
const SIGNATURE = 256;
/** Bytes of the head of a DER sequence that is longer than 255 bytes: its tag, and its length in three. */
const HEAD = 4;

/** @param nameOf the host of a number; all have one length */
export function manyCertificates(count: number, nameOf: (i: number) => string): KeyPair[] {
  const template = nameOf(0);
  const made = selfSigned([template], template, "rsa");
  const key = createPrivateKey(made.key);
  const der = Buffer.from(made.chain.replace(/-----.*?-----|\s/g, ""), "base64");
  // What is signed is the first member of the outer sequence.
  const signedBytes = HEAD + der.readUInt16BE(HEAD + 2);
  return Array.from({ length: count }, (_, i) => {
    const name = nameOf(i);
    if (name.length !== template.length) throw new Error(`${name} is not as long as ${template}`);
    const copy = Buffer.from(der);
    for (let at = copy.indexOf(template); at >= 0; at = copy.indexOf(template, at + 1)) copy.write(name, at, "latin1");
    sign("sha256", copy.subarray(HEAD, HEAD + signedBytes), key).copy(copy, copy.length - SIGNATURE);
    const lines = copy.toString("base64").replace(/(.{64})/g, "$1\n").trimEnd();
    return { chain: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`, key: made.key };
  });
}
