/** Finding the lines of mistakes costs nothing where there is no mistake. */
import { workOf } from "../../support/work.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { declarationsInto } from "../../../src/source/manifests/declarations.ts";
import { Snapshot } from "../../../src/source/snapshot.ts";

const documents = (field: string): string =>
  Array.from({ length: 50 }, (_, i) => `apiVersion: v1\nkind: Service\nmetadata:\n  name: s${i}\n  namespace: shop\n${field}:\n  ports:\n  - port: 80\n`).join("---\n");

function read(text: string): number {
  const declarations = declarationsInto(new Snapshot());
  for (const _ of declarations.setText("/folder/file.yaml", text));
  declarations.commit(true);
  return declarations.findings().length;
}

test("a document without a mistake is not parsed once more for the lines of findings", async () => {
  assert.deepEqual([read(documents("spec")), read(documents("spek"))], [0, 50]);
  const without = await workOf(() => read(documents("spec")));
  const withOne = await workOf(() => read(documents("spek")));
  assert.ok(without * 3 < withOne, `${without} without a mistake, ${withOne} with one in each document`);
});
