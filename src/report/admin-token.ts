/**
 * What proves that whoever asks for a change may ask for it: the content of a file in the runtime folder that nobody but this user can read.
 *
 * That a request comes from this machine is not enough: it may be one that somebody had a proxy of this machine send.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { ADMIN_TOKEN } from "../engine/locks.ts";

/** Of an answer: names the runtime folder to who has no token, or another one. */
export const RUNTIME_DIR_HEADER = "sluice-runtime-dir";

/** Writes a new token for this life of the controller, and gives it. */
export function writeAdminToken(runtimeDir: string): string {
  const token = randomBytes(32).toString("hex");
  const path = join(runtimeDir, ADMIN_TOKEN);
  rmSync(path, { force: true });
  writeFileSync(path, token, { mode: 0o600, flag: "wx" });
  return token;
}

/** Throws the file system's error where there is none, or where it belongs to another user. */
export function readAdminToken(runtimeDir: string): string {
  return readFileSync(join(runtimeDir, ADMIN_TOKEN), "utf8");
}

export function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return token !== "" && timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`));
}
