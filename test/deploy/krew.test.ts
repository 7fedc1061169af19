/** The manifest for krew: its shape (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/), and that it is of this version. */
import assert from "node:assert/strict";
import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { ROOT } from "../support/sluice.ts";

interface Platform {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly uri: string;
  readonly sha256: string;
  readonly bin: string;
  readonly files: readonly { readonly from: string; readonly to: string }[];
}

interface Plugin {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<"version" | "homepage" | "shortDescription" | "description" | "caveats", string>> & { readonly platforms: readonly Platform[] };
}

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const { apiVersion, kind, metadata, spec } = parse(read("deploy/krew/sluice.yaml")) as Plugin;
const { version, optionalDependencies } = JSON.parse(read("package.json")) as { readonly version: string; readonly optionalDependencies: object };

test("it is a plugin of the name that the file has, in the version of package.json", () => {
  assert.deepEqual([apiVersion, kind, metadata], ["krew.googlecontainertools.github.com/v1alpha2", "Plugin", { name: "sluice" }]);
  assert.equal(spec.version, `v${version}`);
  assert.deepEqual(Object.keys(spec).sort(), ["caveats", "description", "homepage", "platforms", "shortDescription", "version"]);
  assert.match(spec.shortDescription, /^[A-Z][^\n]{10,48}[^.\n]$/, "krew lists it in one line, without a full stop");
  assert.match(spec.homepage, /^https:\/\//);
  for (const line of `${spec.description}${spec.caveats}`.split("\n")) assert.ok(line.length <= 80, line);
});

test("there is an archive for each system that the project brings Node for", () => {
  assert.deepEqual(spec.platforms.map(({ selector }) => selector.matchLabels), [{ os: "linux", arch: "amd64" }, { os: "linux", arch: "arm64" }]);
  assert.equal(Object.keys(optionalDependencies).length, spec.platforms.length);
  for (const { uri, sha256, files, bin, selector } of spec.platforms) {
    assert.equal(new URL(uri).protocol, "https:");
    assert.ok(uri.includes(`/v${version}/`) && uri.endsWith(`-linux-${selector.matchLabels["arch"]}.tar.gz`), uri);
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(files, [{ from: ".", to: "." }]);
    accessSync(join(ROOT, bin), constants.X_OK);
  }
  assert.match(read("deploy/image/install.sh"), /cp -P "\$file" "\$to\/bin\/"/, "the folder that is packed has the program");
});
