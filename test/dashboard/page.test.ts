/** The page in browsers and windows that are not as usual: nothing may be kept, nobody looks, somebody mistypes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { browserMissing, openPage, startBrowser } from "../support/browser.ts";
import { site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const NAME = "sluice.example";
/** As browsers do whose owner blocks what sites keep. */
const NOTHING_KEPT = `for (const area of ["localStorage", "sessionStorage"]) Object.defineProperty(window, area, { get() { throw new DOMException("blocked", "SecurityError"); } });`;

describe("the page, where things are not as usual", { skip: browserMissing ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-page-"));
  let sluice: Sluice;
  let guarded: Sluice;
  let browser: Browser;
  let local: string;
  let named: string;

  before(async () => {
    writeFileSync(join(folder, "token"), TOKEN);
    const web = site({ name: "web", host: "web.example", endpoints: ["127.0.0.1:9"], annotations: { "proxy-body-size": "z".repeat(5000) } });
    sluice = await startSluice({ files: { "web.yaml": web }, args: ["--dashboard"] });
    guarded = await startSluice({ files: { "web.yaml": web }, args: ["--dashboard", `--dashboard-token-file=${folder}/token`] });
    local = `http://127.0.0.1:${sluice.health}`;
    named = `http://${NAME}:${guarded.health}`;
    browser = await startBrowser(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`);
  });
  after(async () => {
    await browser?.close();
    await sluice?.stop();
    await guarded?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a browser that keeps nothing shows the page, and knows theme and token until it is closed", async () => {
    const { page, end } = await openPage(browser, named, {}, /status of 401/);
    await page.addInitScript(NOTHING_KEPT);
    await page.goto(`${named}/dashboard/`);
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText(/served by all/).first().waitFor();
    await page.getByRole("button", { name: "Dark theme" }).click();
    await page.getByRole("button", { name: "Light theme" }).waitFor();
    await end();
  });

  test("a token with characters that none has is not good, and can be given again", async () => {
    const { page, end } = await openPage(browser, named, {}, /status of 401/);
    await page.goto(`${named}/dashboard/`);
    await page.getByLabel("Token").fill(`\u201c${TOKEN}\u201d`);
    await page.keyboard.press("Enter");
    await page.getByText("This token is not good").waitFor();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText(/served by all/).first().waitFor();
    await end();
  });

  test("a page that was opened in the background lets go of its stream, too", async () => {
    const { page, end } = await openPage(browser, local);
    await page.addInitScript(`Object.defineProperty(document, "visibilityState", { get: () => "hidden" });`);
    await page.clock.install();
    await page.goto(`${local}/dashboard/`);
    await page.getByText(/served by all/).first().waitFor();
    const gone = page.waitForEvent("requestfailed", (request) => request.url().includes("/api/events"));
    await page.clock.fastForward(6000);
    await gone;
    await end();
  });

  test("more tabs than a browser has connections can be opened, because those behind the first let go of theirs", async () => {
    const { page, end } = await openPage(browser, local);
    const tabs = [page];
    while (tabs.length < 8) tabs.push(await page.context().newPage());
    for (const tab of tabs) {
      // Tabs of this browser say that they are seen, whether they are or not.
      await tab.addInitScript(`globalThis.seen = "visible"; Object.defineProperty(document, "visibilityState", { get: () => globalThis.seen });`);
      await tab.goto(`${local}/dashboard/`);
      await tab.getByText(/served by all/).first().waitFor();
      await tab.evaluate(`globalThis.seen = "hidden"; document.dispatchEvent(new Event("visibilitychange"))`);
    }
    await end();
  });

  test("a link to a search is followed from another search", async () => {
    const { page, end } = await openPage(browser, local);
    for (const words of ["one", "two"]) {
      await page.goto(`${local}/dashboard/#/findings?q=${words}`);
      await page.waitForFunction(`document.querySelector("input[type=search]")?.value === "${words}"`);
    }
    await end();
  });

  test("no long word makes the page wider than the window", async () => {
    const { page, end } = await openPage(browser, local, { viewport: { width: 320, height: 640 } });
    const wide = (): Promise<unknown> => page.evaluate("document.documentElement.scrollWidth");
    await page.goto(`${local}/dashboard/#/traffic/${"x".repeat(1000)}`);
    await page.getByText("No object asks").waitFor();
    assert.equal(await wide(), 320);
    await page.goto(`${local}/dashboard/#/findings`);
    await page.getByRole("button", { name: /proxy-body-size/ }).click();
    await page.getByRole("article").waitFor();
    assert.equal(await wide(), 320);
    await end();
  });
});
