import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLabelSelector } from "../src/support/label-selector.ts";

const matches = (selector: string, labels: Record<string, string>): boolean | undefined => parseLabelSelector(selector)?.matches(labels);

test("selectors mean what kubectl takes them for", () => {
  const shop = { team: "shop", env: "live", "example.com/tier": "" };
  const yes = ["", "team=shop", "team==shop", "team!=blog", "other!=x", "team in (blog, shop)", "team notin (blog)", "other notin (a,b)", "env", "!legacy", "example.com/tier=", "team=shop,env in (live,test),!legacy"];
  const no = ["team=blog", "team!=shop", "team in (blog)", "team notin (shop)", "other", "!env", "other in (a)", "team=shop,env=test", "toString", "example.com/tier=x"];
  for (const selector of yes) assert.equal(matches(selector, shop), true, selector);
  for (const selector of no) assert.equal(matches(selector, shop), false, selector);
});

test("what is no selector is not taken for one", () => {
  for (const text of ["=", "a=b=c", "a in b", "a in (b", "a,", ",a", "a b", "!a=b", "a>1", "-a", "a=b c", "a in ()b", "a/b/c"]) assert.equal(parseLabelSelector(text), undefined, text);
});
