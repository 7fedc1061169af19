/** The text of a manifest file with everything rewritten that has one right answer. */
import { isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { splitDocuments } from "../../source/manifests/split.ts";
import { renamedFixes, shapeFixes, type Fix, type FixContext } from "./fixes.ts";
import { edited, pairOf, type Edit } from "./yaml-edits.ts";

export interface FixedText {
  readonly text: string;
  readonly fixed: readonly { readonly line: number; readonly what: string }[];
}

export type FixKind = "shapes" | "names";

/** Characters. A longer document stays as it is: reading it takes too long. */
const MOST_LENGTH = 2 * 1024 * 1024;

/**
 * A document that cannot be read, or whose fixes would meet, stays as it is.
 * @param kind `shapes`: what means the same afterwards; `names`: what was without effect before.
 */
export function fixText(text: string, context: Omit<FixContext, "text">, kind: FixKind): FixedText {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const starts = lineStarts(source);
  const edits: Edit[] = [];
  const fixed: { line: number; what: string }[] = [];
  for (const { text: document, startLine } of splitDocuments(source)) {
    const offset = starts[startLine - 1] ?? 0;
    const own = { ...context, text: document };
    const fixes = objectsIn(document).flatMap((object) => (kind === "shapes" ? shapeFixes(object, own) : renamedFixes(object, own)));
    const moved = fixes.flatMap((fix) => fix.edits).map(({ from, to, text: put }) => ({ from: from + offset, to: to + offset, text: put }));
    if (moved.length === 0 || edited(source, moved) === undefined) continue;
    edits.push(...moved);
    fixed.push(...fixes.map((fix) => ({ line: lineOf(starts, offset + firstOf(fix)), what: fix.what })));
  }
  const made = edited(source, edits);
  if (made === undefined || fixed.length === 0) return { text, fixed: [] };
  return { text: text.slice(0, text.length - source.length) + made, fixed };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function firstOf({ edits }: Fix): number {
  return edits.reduce((first, { from }) => Math.min(first, from), Infinity);
}

/** The line, from 1, that holds an offset. */
function lineOf(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** Undefined: the text has so many levels that they exhaust the stack. */
function parsed(text: string): ReturnType<typeof parseDocument> | undefined {
  try {
    // Looking for doubled keys takes quadratic time.
    return parseDocument(text, { prettyErrors: false, logLevel: "silent", uniqueKeys: false });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The objects of a document: itself, or the items of a List. Those with anchors are left alone: an alias may stand elsewhere. */
function objectsIn(text: string): readonly YAMLMap[] {
  if (text.length > MOST_LENGTH || /(?:^|[\s:,[{-])[&*][\w-]/.test(text.replaceAll(/(?:^|\s)#.*$/gm, ""))) return [];
  const document = parsed(text);
  const root = document === undefined || document.errors.length > 0 ? undefined : document.contents;
  // An item of a long List stands alone, in a list of one.
  const top: unknown[] = isSeq(root) ? root.items : [root];
  return top.filter(isMap).flatMap((object) => {
    const items = pairOf(object, "items")?.value;
    return isSeq(items) ? items.items.filter(isMap) : [object];
  });
}
