/** A real browser for tests: Debian's Chromium, driven by playwright-core. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why there is no browser; undefined: there is. */
export const browserMissing: string | undefined = existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}: install Debian's package chromium (make test does), or name another with CHROMIUM`;

/** How long a page may take for anything: far longer than it does, because this machine may be busy. */
export const PATIENCE_MS = 60_000;

export async function startBrowser(...more: readonly string[]): Promise<Browser> {
  // The sandbox needs rights that neither root nor a container has; these pages are our own.
  return await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", ...more] });
}

export interface Watched {
  readonly page: Page;
  /** Addresses of all requests, in order. */
  readonly requests: readonly string[];
  /** Fails if the page said anything in its console, threw, or asked for anything but `origin`; then closes it. */
  end(): Promise<void>;
}

/** @param origin `http://127.0.0.1:10254`. @param expected messages of the console that are none of the page's faults. */
export async function openPage(browser: Browser, origin: string, options: BrowserContextOptions = {}, expected?: RegExp): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (!expected?.test(message.text())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  return {
    page,
    requests,
    async end() {
      await context.close();
      assert.deepEqual(complaints, []);
      assert.deepEqual(requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:")), []);
    },
  };
}
