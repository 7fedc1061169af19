import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { openFiles } from "../../src/compile/machine.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";

const files = (maxWorkerOpenFiles: number, hardLimit: number): number => openFiles({ ...DEFAULT_CONFIG, maxWorkerOpenFiles }, { openFiles: hardLimit } as EngineFacts);

test("a worker may open as many files as the machine allows, but for those that the others need, and never more", () => {
  for (const [configured, hardLimit, wanted] of [[0, 65536, 64512], [0, 1500, 1024], [0, 512, 512], [4096, 65536, 4096], [4096, 2048, 2048], [10, 65536, 1024], [10, 512, 512]] as const) {
    assert.equal(files(configured, hardLimit), wanted, `${configured} of ${hardLimit}`);
  }
});
