/** What a change of a path in a folder of manifests has read: that file, all folders, or nothing. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { lookFor, watchFolders } from "../../../src/source/manifests/watch.ts";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What is told of a folder, as far as `lookFor` makes something of it, until it satisfies `enough`. */
async function told(folder: string, act: () => void, enough: (looks: ReadonlySet<string>) => boolean): Promise<ReadonlySet<string>> {
  const looks = new Set<string>();
  await new Promise<void>((resolve) => {
    const watch = watchFolders((paths) => {
      for (const path of paths === "all" ? [] : paths) {
        const look = lookFor(path, statSync(path, { throwIfNoEntry: false }), watch.has(path));
        if (look !== "nothing") looks.add(look === "this file" ? path.slice(folder.length + 1) : look);
      }
      if (paths === "all") looks.add("all folders");
      if (!enough(looks)) return;
      watch.close();
      resolve();
    });
    watch.cover(new Map([[folder, "1"], [join(folder, "below"), "2"]]));
    act();
  });
  return looks;
}

test("what editors and tools put beside a manifest has nothing else read", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "web.yaml"), "a: 1\n");
  mkdirSync(join(folder, "below"));
  const looks = await told(folder, () => {
    writeFileSync(join(folder, "4913"), "");
    rmSync(join(folder, "4913"));
    writeFileSync(join(folder, "web.yaml~"), "a: 1\n");
    writeFileSync(join(folder, "sedK3x9"), "a: 2\n");
    renameSync(join(folder, "sedK3x9"), join(folder, "web.yaml"));
    writeFileSync(join(folder, ".web.yaml.swp"), "");
    rmSync(join(folder, ".web.yaml.swp"));
  }, (all) => all.has("web.yaml"));
  assert.deepEqual([...looks], ["web.yaml"]);
});

for (const [what, act] of Object.entries<(folder: string) => void>({
  "a new folder": (folder) => mkdirSync(join(folder, "more")),
  "a folder that is gone": (folder) => rmdirSync(join(folder, "below")),
  "a link to a folder": (folder) => symlinkSync(tmpdir(), join(folder, "..data")),
  "the folder itself": (folder) => rmSync(folder, { recursive: true }),
})) {
  test(`${what} has all folders walked`, async (t) => {
    const folder = folderFor(t);
    mkdirSync(join(folder, "below"));
    const looks = await told(folder, () => act(folder), (all) => all.has("all folders"));
    assert.ok(looks.has("all folders"));
  });
}
