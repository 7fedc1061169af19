/** Texts of manifests, such as standard input, as a Source that never changes. */
import { sortFindings } from "../model/findings/findings.ts";
import { declarationsInto, objectsSkipped } from "./manifests/declarations.ts";
import type { ReadingRules } from "./manifests/read-object.ts";
import { Snapshot } from "./snapshot.ts";
import type { Source } from "./source.ts";

/**
 * @param texts by the name that stands in findings in the place of a file's.
 * @param rules how documents are read
 */
export function textSource(texts: ReadonlyMap<string, string>, rules: Partial<ReadingRules> = {}): Source {
  const snapshot = new Snapshot();
  const declarations = declarationsInto(snapshot, rules);
  return {
    snapshot,
    description: [...texts.keys()].join(", "),
    get findings() {
      return sortFindings(declarations.findings());
    },
    async start() {
      for (const [name, text] of texts) for (const _ of declarations.setText(name, text)) continue;
      declarations.commit(true);
    },
    async sync() {},
    async catchUp() {},
    skipped: () => objectsSkipped(declarations),
    promised: () => declarations.promised(),
    async want() {},
  };
}
