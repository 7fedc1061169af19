/**
 * The page's files, as the build made them. They are the same for everybody, and tell of no cluster.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { UserError } from "../support/user-error.ts";

export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
  readonly compressed: Buffer;
  readonly tag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "app.js": "text/javascript; charset=utf-8",
  "app.css": "text/css; charset=utf-8",
};

/**
 * Reads the files by name, to be served from memory.
 *
 * @param folder with a slash behind it. Throws a UserError when the page was not built.
 */
export function readPageFiles(folder: string): ReadonlyMap<string, PageFile> {
  try {
    return new Map(Object.entries(TYPES).map(([name, type]) => [name, pageFile(type, readFileSync(`${folder}${name}`))]));
  } catch (error) {
    throw new UserError(`--dashboard needs the page's files, and they cannot be read: ${(error as Error).message}. Build them with "make setup", or leave the flag out.`);
  }
}

function pageFile(type: string, content: Buffer): PageFile {
  return { type, content, compressed: gzipSync(content, { level: 9 }), tag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"` };
}

/** Nothing is loaded from elsewhere, no script or style stands in the page, and no page may frame it (CSP level 3). */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** For everything below `/dashboard/`. */
export const SAFE_HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** A browser asks again each time, and gets the file only when it is another one. */
export function sendPageFile({ type, content, compressed, tag }: PageFile, { headers, method }: IncomingMessage, response: ServerResponse): void {
  const base = { ...SAFE_HEADERS, "cache-control": "no-cache", etag: tag, vary: "accept-encoding" };
  if (headers["if-none-match"] === tag) return void response.writeHead(304, base).end();
  const zipped = /\bgzip\b/.test(headers["accept-encoding"] ?? "");
  const body = zipped ? compressed : content;
  response.writeHead(200, { ...base, "content-type": type, "content-length": body.length, ...(zipped ? { "content-encoding": "gzip" } : {}) });
  response.end(method === "HEAD" ? undefined : body);
}
