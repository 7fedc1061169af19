/**
 * The dashboard in Chromium, over the walk-through: what people see of it, and what they do with it.
 *
 * SCREENSHOTS=FOLDER keeps the pictures; `npm run screenshots` puts them into the guide.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { VIEWS, addressOf } from "../../dashboard/src/place.ts";
import { browserMissing, openPage, startBrowser } from "../support/browser.ts";
import { takeNetwork, type Network } from "../support/cases/network.ts";
import { ask } from "../support/client.ts";
import { startDemo, type Demo } from "../support/demo.ts";
import { freePorts, ROOT } from "../support/sluice.ts";

const PHONE = { width: 390, height: 844 };
const CANARY = "canary-service.abc.com";
const PICTURES = process.env["SCREENSHOTS"] ?? mkdtempSync(join(tmpdir(), "sluice-pictures-"));

describe("the dashboard over the walk-through", { skip: browserMissing ?? false }, () => {
  let network: Network;
  let folder: string;
  let demo: Demo;
  let browser: Browser;
  let origin: string;
  const asking = new AbortController();
  let asked: Promise<void> | undefined;

  before(async () => {
    network = await takeNetwork();
    folder = mkdtempSync(join(tmpdir(), "sluice-demo-"));
    cpSync(join(ROOT, "examples"), folder, { recursive: true });
    // Endpoints get loopback addresses of this run's own, so that a demo may run beside it.
    for (const name of ["default-backend.yaml", "tomcat.yaml", "canary/services.yaml", "canary/rollout.yaml", "languages.yaml", "udp.yaml"]) edit(name, (text) => network.toLocal(text.replaceAll("127.0.1.", "10.0.1.")));
    const [nodePort, udpPort] = await freePorts(2);
    edit("tomcat.yaml", (text) => text.replace("30080", String(nodePort)));
    edit("udp.yaml", (text) => text.replace("30007", String(udpPort)));
    demo = await startDemo([`--manifests=${folder}`]);
    await demo.said(/Ctrl-C ends everything/);
    origin = `http://127.0.0.1:${demo.health}`;
    browser = await startBrowser();
    asked = keepAsking(demo.http, asking.signal);
  });
  after(async () => {
    asking.abort();
    await asked;
    await browser?.close();
    await demo?.remove();
    await network?.close();
    rmSync(folder, { recursive: true, force: true });
    if (process.env["SCREENSHOTS"] === undefined) rmSync(PICTURES, { recursive: true, force: true });
  });

  function edit(name: string, change: (text: string) => string): void {
    const file = join(folder, name);
    writeFileSync(file, change(readFileSync(file, "utf8")));
  }

  const view = async (page: Page, ...where: Parameters<typeof addressOf>): Promise<void> => void await page.goto(`${origin}/dashboard/${addressOf(...where)}`);

  test("the demo says where it is, and the health port leads to it", async () => {
    assert.ok(demo.printed().includes(`http://127.0.0.1:${demo.health}/dashboard/`), demo.printed());
    const { page, end } = await openPage(browser, origin);
    await page.goto(`${origin}/`);
    await page.getByRole("link", { name: "/dashboard/" }).click();
    await page.getByText(/served by all \d+ workers/).first().waitFor();
    await end();
  });

  test("the overview shows what is served, what happens, and when certificates expire", async () => {
    const { page, end } = await openPage(browser, origin);
    await view(page, "overview");
    await page.locator("dt:text('Served') + dd", { hasText: "19 routes" }).waitFor();
    await page.locator("dt:text('Served') + dd", { hasText: "10 hosts, 19 Ingresses" }).waitFor();
    await page.locator("table a", { hasText: `${CANARY}/` }).first().waitFor();
    await page.getByText("what was there at the start").waitFor();
    await page.locator("section", { hasText: "Certificates that expire first" }).getByText("tomcat.lucky.com").waitFor();
    assert.equal(await page.locator(".chart canvas").count(), 2);
    const requests = await page.locator("dt:text-is('Requests') + dd strong").innerText();
    assert.match(requests, /^[\d.]+k?\/s$/);
    await end();
  });

  for (const [name, options] of [["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark" }], ["phone", { colorScheme: "light", viewport: PHONE }]] as const) {
    test(`pictures: ${name}`, async () => {
      const { page, end } = await openPage(browser, origin, options);
      for (const one of ["overview", "traffic"] as const) {
        await view(page, one, one === "traffic" ? CANARY : "");
        await page.locator(one === "overview" ? ".uplot" : ".tree").first().waitFor({ state: "attached" });
        if (one === "overview") await page.waitForFunction(() => document.querySelectorAll("table tbody tr").length > 0);
        if (one === "traffic") await page.waitForFunction(() => /lately \d+ %/.test(document.querySelector(".tree")?.textContent ?? ""));
        const picture = await page.screenshot({ path: join(PICTURES, `dashboard-${one}-${name}.png`) });
        assert.ok(picture.length > 10_000, `${one} is not blank`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${one} fits the width of ${name}`);
      }
      for (const one of VIEWS) {
        await view(page, one);
        await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${one} fits the width of ${name}`);
      }
      assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), name === "dark" ? "dark" : "light");
      await page.getByRole("button", { name: name === "dark" ? "Light theme" : "Dark theme" }).click();
      await page.waitForFunction((wanted) => document.documentElement.dataset["theme"] === wanted, name === "dark" ? "light" : "dark");
      await end();
    });
  }

  test("the way of a host's traffic shows the canary's share, and follows a weight that is edited", async () => {
    const { page, end } = await openPage(browser, origin);
    await view(page, "traffic");
    await page.getByRole("link", { name: CANARY }).click();
    const picture = page.locator(".picture");
    await picture.getByText(/^30 %/).waitFor();
    await picture.getByText(/^70 %/).waitFor();
    // Requests flow: to both arms, and down to endpoints.
    await page.locator(".picture path.flows").first().waitFor({ state: "attached" });
    await page.waitForFunction(() => document.querySelectorAll(".picture path.flows").length === 7);
    edit("canary/weight-header-cookie.yaml", (text) => text.replace('canary-weight: "30"', 'canary-weight: "100"'));
    await picture.getByText(/^100 %/).waitFor();
    await picture.getByText(/^0 %/).waitFor();
    await picture.getByText(/^100 %, lately 100 %/).waitFor();
    await view(page, "changes");
    const line = page.locator(".change", { hasText: "Ingress default/hello-canary" });
    await line.getByText(/live after [\d.]+ ms/).waitFor();
    await line.getByText(`host ${CANARY}`).waitFor();
    await end();
  });

  test("a broken Ingress is found, with its object, its remedy, its effect and its line", async () => {
    const { page, end } = await openPage(browser, origin);
    await view(page, "findings");
    await page.getByText("Nothing is wrong.").waitFor();
    edit("canary/weight-100.yaml", (text) => text.replace(/name: hello-service\n/, "name: helo-service\n"));
    const row = page.getByRole("button", { name: /service-missing/ });
    await row.first().waitFor().catch(async (error: Error) => {
      throw new Error(`${error.message}\nthe demo said: ${demo.printed().slice(-1500)}\nfindings: ${(await fetch(`${origin}/api/v1/findings`).then((answer) => answer.text())).slice(0, 1500)}\nthe page shows: ${await page.locator("body").innerText()}`);
    });
    await page.getByRole("searchbox").fill("helo service-missing");
    await row.first().click();
    const whole = page.getByRole("article");
    await whole.getByText(/Service "helo-service" does not exist in namespace "default": create it or correct the name.*Did you mean "hello-service"/).waitFor();
    await whole.getByText(/503/).waitFor();
    await whole.getByText(/weight-100\.yaml:\d+/).waitFor();
    await page.locator("nav .count").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    edit("canary/weight-100.yaml", (text) => text.replace("name: helo-service\n", "name: hello-service\n"));
    await page.getByText("Nothing is wrong.").waitFor();
    await end();
  });

  test("the explain box says why, by the keyboard alone", async () => {
    const { page, end } = await openPage(browser, origin);
    await view(page, "explain");
    await page.getByLabel("Address", { exact: true }).focus();
    await page.keyboard.type(`${CANARY}/`);
    for (const _ of ["method", "cookie", "client", "headers"]) await page.keyboard.press("Tab");
    await page.keyboard.type("test: never");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const answer = page.locator("pre.answer");
    await answer.getByText(/Ingress default\/hello, spec\.rules\[0\]/).waitFor();
    assert.match(await answer.innerText(), /canary\s+not taken[^]*Workers: all serve generation \d+; asked now, /);
    await page.getByLabel("Address", { exact: true }).fill("http://nobody.example/x");
    await page.keyboard.press("Enter");
    await answer.getByText(/nobody\.example/).first().waitFor();
    await page.getByLabel("Address", { exact: true }).fill("ftp://x/");
    await page.keyboard.press("Enter");
    await page.locator("pre.answer.bad").waitFor();
    await end();
  });

  test("all of it can be reached by the keyboard, and is named for those who hear it", async () => {
    const { page, end } = await openPage(browser, origin);
    await view(page, "overview");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
    await view(page, "certificates");
    await page.getByRole("searchbox").waitFor();
    await page.locator("body").press("/");
    await page.keyboard.type("tomcat");
    await page.getByText(/^1 (?:of \d+ names|name)$/).waitFor();
    for (const name of VIEWS) {
      await view(page, name);
      await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
      const nameless = await page.evaluate(() => [...document.querySelectorAll("button, a, input, select, textarea")].filter((one) => one instanceof HTMLElement && (one.innerText.trim() || one.getAttribute("aria-label") || (one as HTMLInputElement).labels?.length) === undefined).length);
      assert.equal(nameless, 0, name);
    }
    await end();
  });

  test("a Sluice that goes away is told, and the page goes on when it is back", async () => {
    const { page, end } = await openPage(browser, origin, {}, /Failed to load resource|net::ERR/);
    await view(page, "overview");
    await page.getByText(/served by all/).first().waitFor();
    await page.context().setOffline(true);
    await page.evaluate(() => void (location.hash = "#/traffic/weight-0.abc.com"));
    await page.getByRole("alert").getByText(/Trying again/).waitFor();
    await page.context().setOffline(false);
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.locator(".picture text", { hasText: "default/weight-0" }).waitFor();
    await end();
  });
});

/** Sends requests of the walk-through, some of them to nobody, until it is told to end. */
async function keepAsking(port: number, signal: AbortSignal): Promise<void> {
  const hosts = [CANARY, CANARY, "news.abc.com", "weight-total.abc.com", "nobody.example"];
  for (let times = 0; !signal.aborted; times++) {
    await ask({ port, host: hosts[times % hosts.length] ?? "", path: "/" }).catch(() => undefined);
    await sleep(25);
  }
}
