/** The text of a manifest file as documents, each of which is read for itself. */

export interface DocumentText {
  /** Position among the file's documents, from 0. Empty documents do not count. */
  readonly index: number;
  /** Line of the file, from 1, on which `text` starts. */
  readonly startLine: number;
  readonly text: string;
}

/** `---` and `...` at the start of a line end a document wherever they stand (YAML 1.2, section 9.1.2). */
const MARKER = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
const EMPTY = /^(?:[ \t\r]*(?:#.*)?(?:\n|$)|%.*(?:\n|$))*$/;

/**
 * The documents of a file's text; those with nothing but comments are left out. A long List counts as the documents that
 * its items are.
 */
export function splitDocuments(fileText: string): DocumentText[] {
  const documents = splitAtMarkers(fileText).flatMap(splitList);
  return documents.map((document, index) => (document.index === index ? document : { ...document, index }));
}

function splitAtMarkers(fileText: string): DocumentText[] {
  const source = fileText.startsWith("\uFEFF") ? fileText.slice(1) : fileText;
  const documents: DocumentText[] = [];
  let line = 1;
  let from = 0;
  const add = (to: number): void => {
    const text = source.slice(from, to);
    if (!EMPTY.test(text)) documents.push({ index: documents.length, startLine: line, text });
    line += linesIn(text);
    from = to;
  };
  for (const marker of source.matchAll(MARKER)) {
    add(marker.index);
    // A marker alone on its line is no part of the document; `--- {…}` carries a value and is kept with it.
    const end = source.indexOf("\n", marker.index) + 1 || source.length;
    const rest = source.slice(marker.index + 3, end).trim();
    if (rest !== "" && marker[0] === "---") continue;
    from = end;
    line++;
  }
  add(source.length);
  return documents;
}

/** Characters. A shorter List is read as one document. */
const LONG_LIST = 64 * 1024;
/**
 * A List as kubectl prints it: `items:` and each item begin at the first column. One with anchors is not split,
 * because an alias may be in another item.
 */
const LIST = /^apiVersion: v1\nitems:\n(?=- )/;
const END_OF_ITEMS = /^kind: List\n/m;
const REFERENCE = /(?:^|[\s:,[{-])[&*][\w-]/;

/** Splits a long List as kubectl prints it (of a whole cluster, megabytes) into its items, each of which can be read for itself. */
function splitList(document: DocumentText): DocumentText[] {
  const { text, startLine, index } = document;
  if (text.length < LONG_LIST || !LIST.test(text) || REFERENCE.test(text)) return [document];
  const end = END_OF_ITEMS.exec(text)?.index;
  if (end === undefined) return [document];
  // No line within an item begins at the first column: block scalars and continued ones are indented.
  const starts = [...text.slice(0, end).matchAll(/^- /gm)].map((item) => item.index);
  let line = startLine + linesIn(text.slice(0, starts[0]));
  return starts.map((from, item) => {
    const part = ` ${text.slice(from + 1, starts[item + 1] ?? end)}`;
    const at = line;
    line += linesIn(part);
    return { index, startLine: at, text: part };
  });
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
