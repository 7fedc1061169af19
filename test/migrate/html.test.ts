/** The report as a page: nothing in it runs or is loaded, whatever tenants wrote, and its tags are in balance. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { moveHtml } from "../../src/migrate/html.ts";
import { browserMissing, startBrowser } from "../support/browser.ts";
import { ROOT } from "../support/sluice.ts";
import { reportOfTexts } from "./judged.ts";

/** Texts that would be markup, scripts, links or other characters than they look like. */
const HOSTILE = ["</pre><script>alert(1)</script>", "\"><img src=https://evil.example/x onerror=alert(1)>", "' onmouseover='alert(1)", "&lt;b&gt;", "\u202eevil\u202c", "\u001b[31mred"];

let page: string;

before(async () => {
  const [differences, stock] = ["differences.yaml", "stock.yaml"].map((name) => readFileSync(join(ROOT, "test/migrate", name), "utf8"));
  const hostile = HOSTILE.map((text, index) => `---\n${JSON.stringify({
    apiVersion: "networking.k8s.io/v1", kind: "Ingress",
    metadata: { name: `hostile-${index}`, namespace: "shop", annotations: { [`nginx.ingress.kubernetes.io/${text}`]: text, "nginx.ingress.kubernetes.io/proxy-read-timeout": text } },
    spec: { ingressClassName: "nginx", rules: [{ host: text, http: { paths: [{ path: `/${text}`, pathType: "Prefix", backend: { service: { name: text, port: { number: 80 } } } }] } }] },
  })}\n`);
  const settings = `---\n${JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "edge" }, data: Object.fromEntries([...HOSTILE.map((text) => [text, text]), ["proxy-body-size", "</pre><script>"], ["log-format-upstream", HOSTILE[1]]]) })}\n`;
  page = moveHtml((await reportOfTexts(new Map([["a.yaml", differences ?? ""], ["b.yaml", hostile.join("")], ["c.yaml", settings], ["<d>.yaml", stock ?? ""]]))).report);
});

test("nothing that people wrote is markup, and nothing is invisible", () => {
  assert.ok(page.includes("&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
  assert.ok(page.includes("&lt;img src=x onerror=alert(1)&gt;"));
  assert.ok(page.includes("\\u202e"));
  assert.doesNotMatch(page, /<(?:script|img|iframe|link|object|embed|svg|form|a)\b/i);
  assert.doesNotMatch(page, /(?!\n)[\p{Cf}\p{Cc}]/u);
  const tags = [...page.matchAll(/<([a-z0-9]+)((?:\s[^<>]*)?)>/gi)];
  const known = new Set(["class", "lang", "charset", "http-equiv", "content", "name", "open", "data-head"]);
  for (const [tag, , attributes = ""] of tags) for (const [, attribute = ""] of attributes.matchAll(/\s([\w-]+)(?:="[^"]*")?/g)) assert.ok(known.has(attribute), tag);
});

test("the policy of the page lets its one style count, and nothing else", () => {
  const [, policy = ""] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page) ?? [];
  const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
  assert.equal(policy, `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`);
  assert.match(style, /prefers-color-scheme: dark/);
  assert.doesNotMatch(style, /url\(|@import/);
  assert.match(page, /<meta name="viewport" content="width=device-width/);
});

test("tags are in balance", () => {
  const VOID = new Set(["meta"]);
  const open: string[] = [];
  for (const [, slash, name = ""] of page.replace(/<style>[\s\S]*?<\/style>/, "").matchAll(/<(\/?)([a-z0-9]+)[^<>]*>/g)) {
    if (slash === "/") assert.equal(open.pop(), name);
    else if (!VOID.has(name)) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.ok(page.startsWith("<!doctype html>\n"));
});

test("on a telephone the page is no wider than the screen, and no cell is a column of letters", { skip: browserMissing ?? false }, async () => {
  const browser = await startBrowser();
  try {
    for (const width of [390, 700]) {
      const view = await browser.newPage({ viewport: { width, height: 844 } });
      await view.setContent(page);
      const { wide, narrow, cells } = await view.evaluate(() => {
        const shown = [...document.querySelectorAll("th, td")].filter((one) => one.getClientRects().length > 0 && (one.textContent ?? "").trim().length > 3);
        const letters = (one: Element): boolean => one.getBoundingClientRect().width < 40 && one.getBoundingClientRect().height > 60;
        return { wide: document.documentElement.scrollWidth, narrow: shown.filter(letters).map((one) => one.textContent), cells: shown.length };
      });
      assert.ok(cells > 20);
      assert.deepEqual([wide, narrow], [width, []]);
    }
  } finally {
    await browser.close();
  }
});
