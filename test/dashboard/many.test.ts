/** The dashboard with 10,000 Ingresses: the page draws and asks for what is seen of them alone. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { browserMissing, openPage, startBrowser } from "../support/browser.ts";
import { documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const MANY = 10_000;
/** Elements that a page may have: far fewer than there are hosts. */
const MOST_ELEMENTS = 1500;

const name = (index: number): string => `h${String(index).padStart(5, "0")}.example`;

describe("the dashboard with 10,000 Ingresses", { skip: browserMissing ?? false }, () => {
  let sluice: Sluice;
  let browser: Browser;
  let origin: string;

  before(async () => {
    const ingresses = Array.from({ length: MANY }, (_, index) => ({
      apiVersion: "networking.k8s.io/v1", kind: "Ingress",
      metadata: { name: `i${index}`, namespace: "shop", annotations: index % 10 === 0 ? { "nginx.ingress.kubernetes.io/proxy-read-timeout": "soon" } : {} },
      spec: { ingressClassName: "nginx", rules: [{ host: name(index), http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } }] },
    }));
    sluice = await startSluice({ files: { "many.yaml": documents(...ingresses), "web.yaml": site({ name: "web", host: "web.example", endpoints: ["127.0.0.1:9"] }) }, args: ["--dashboard"] });
    origin = `http://127.0.0.1:${sluice.health}`;
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await sluice?.stop();
  });

  test("hosts are scrolled to the last, searched, and looked at", async () => {
    const { page, requests, end } = await openPage(browser, origin);
    await page.goto(`${origin}/dashboard/#/traffic`);
    await page.getByText("10\u202f001 hosts").waitFor();
    await page.getByRole("link", { name: name(0) }).waitFor();
    assert.ok((await page.locator("*").count()) < MOST_ELEMENTS);
    await page.getByRole("region", { name: "hosts" }).evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await page.getByRole("link", { name: "web.example" }).waitFor();
    assert.ok((await page.locator("*").count()) < MOST_ELEMENTS);
    await page.getByRole("searchbox").fill("h07777");
    await page.getByText("1 of 10\u202f001 hosts").waitFor();
    await page.getByRole("link", { name: name(7777) }).click();
    await page.locator(".picture text", { hasText: "shop/web:80" }).waitFor();
    const rows = requests.filter((url) => url.includes("/api/list/"));
    assert.ok(rows.length < 40, `parts of the list were asked for ${rows.length} times`);
    await end();
  });

  test("findings are counted and searched", async () => {
    const { page, end } = await openPage(browser, origin);
    await page.goto(`${origin}/dashboard/#/findings`);
    await page.getByText("1\u202f000 findings").waitFor();
    await page.getByRole("searchbox").fill("shop/i9990");
    await page.getByText("1 of 1\u202f000 findings").waitFor();
    await page.getByRole("button", { name: /shop\/i9990/ }).click();
    await page.getByRole("article").getByText(/"soon" is not valid for proxy-read-timeout/).waitFor();
    await end();
  });

  test("a page that is left open hears of changes, and asks for nothing while there are none", async () => {
    const { page, requests, end } = await openPage(browser, origin);
    await page.goto(`${origin}/dashboard/#/traffic`);
    await page.getByRole("link", { name: name(0) }).waitFor();
    // Two events of the overview, at least, come meanwhile.
    await sleep(6000);
    const before = requests.length;
    await sleep(6000);
    assert.equal(requests.length, before, requests.slice(before).join(" "));
    await sluice.apply({ "new.yaml": site({ name: "new", host: "a-new.example", endpoints: ["127.0.0.1:9"] }) });
    await page.getByRole("link", { name: "a-new.example" }).waitFor();
    const asked = requests.slice(before).map((url) => new URL(url).pathname);
    assert.ok(asked.length <= 6 && asked.every((path) => path === "/dashboard/api/list/hosts"), asked.join(" "));
    await end();
  });
});
