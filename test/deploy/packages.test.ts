/** Debian packages: each package that a message of Sluice asks for is in the image, and on the machine that runs the tests. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/sluice.ts";

const PACKAGE = /libnginx-mod-[a-z0-9-]+|modsecurity-crs/g;
/** Packages that the sources name only to say that Sluice does without them. */
const WITHOUT = ["libnginx-mod-http-geoip2"];

const packagesIn = (path: string): readonly string[] => readFileSync(join(ROOT, path), "utf8").match(PACKAGE) ?? [];

const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const asked = [...new Set(sources.flatMap((name) => packagesIn(join("src", name))))].filter((name) => !WITHOUT.includes(name)).sort();

for (const script of ["deploy/image/install.sh", "scripts/setup.sh"]) {
  test(`${script} installs every package that Sluice may ask for`, () => {
    assert.ok(asked.length > 3, asked.join());
    assert.deepEqual(asked.filter((name) => !packagesIn(script).includes(name)), []);
  });
}
