/**
 * Which file declares which object, and what of it is in the Snapshot.
 *
 * Guarantees: an object whose content did not change keeps its identity; of several declarations the last in path
 * order serves; what cannot be read any more stays as it was last read; nothing reaches the Snapshot before `commit`.
 */
import type { Finding } from "../../model/findings/findings.ts";
import { exact } from "../../support/exact.ts";
import { StringSets } from "../../support/string-sets.ts";
import type { AnyObject, Secret } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";
import type { PromisedSecret } from "../source.ts";
import { ManifestOrigin } from "./documents.ts";
import { duplicateObject, fileCut, fileEmptied, fileSubject, fileUnreadable, tooLarge } from "./findings.ts";
import type { Where } from "./findings.ts";
import { readDocument, refKeyOf, WITHOUT_KIND } from "./read-object.ts";
import type { Declared, DocumentRead, ReadingRules, RefKey } from "./read-object.ts";
import { splitDocuments } from "./split.ts";
import type { DocumentText } from "./split.ts";

/** The largest file that is read, in MiB: ten times what etcd takes for one object. */
export const MOST_FILE = 16;
/** The `reason` of a larger file for `setUnreadable`. */
export const TOO_LARGE = "too large";
/** The `reason` of a file that has just become empty. */
export const EMPTIED = "emptied";
/** The `reason` of a file that is now a beginning of what it was, and ends within a line. */
export const CUT = "cut";

/** There may be a hundred thousand of these and the next, so what most of them have not is kept apart. */
interface DocumentState {
  readonly document: DocumentText;
  readonly declared: readonly Declared[];
  /** Absent: nothing but its objects. */
  readonly rest?: Omit<DocumentRead, "declared">;
}

interface FileState {
  readonly documents: readonly DocumentState[];
  /** What the file declares (`declaredBy`), where that is much, or includes what is kept from an earlier reading; absent: it follows from the documents. */
  readonly declared?: DeclaredObjects;
  /** The whole text, which the documents are parts of, so that it costs no memory but for a List; empty for a file that was never read. */
  readonly text: string;
  /** Why the file itself cannot be read, `TOO_LARGE` or `EMPTIED` for instance; absent while it can. */
  readonly failure?: string;
}

/** All declarations of an object, in order. */
type DeclaredObjects = ReadonlyMap<RefKey, readonly Declared[]>;

/** What fewer objects than this declare is worked out when it is asked for. */
const FEW = 16;

/** What a file declares; includes what is kept from an earlier reading. */
function declaredBy(state: FileState | undefined): DeclaredObjects {
  return state?.declared ?? byKey(state?.documents ?? []);
}

export interface Declarations {
  readonly files: ReadonlyMap<string, unknown>;
  /** Reads a file, one document per step, so that other work may have its turn in between. The result counts when all steps are done. */
  setText(file: string, text: string): Iterable<void>;
  /** Whether the file declared something when it was read last, and its text has become a part of that text: nothing, or from its beginning into a line. */
  isCut(file: string, text: string): boolean;
  /** Notes that the file cannot be read, and keeps what it declared. */
  setUnreadable(file: string, reason: string): void;
  drop(file: string): void;
  /** Brings the Snapshot up to date. Without `removals`, objects that vanished stay for now and are counted as held. */
  commit(removals: boolean): { readonly changed: boolean; readonly held: number };
  findings(): Finding[];
  /** Kinds that Sluice does not read → the number of their objects. */
  ignored(): Map<string, number>;
  /** Secrets that objects of those kinds make. */
  promised(): readonly PromisedSecret[];
}

/** Objects of kinds that Sluice does not read. Documents that are no objects do not count. */
export function objectsSkipped(declarations: Declarations): number {
  let count = 0;
  for (const [kind, objects] of declarations.ignored()) if (kind !== WITHOUT_KIND) count += objects;
  return count;
}

export function declarationsInto(snapshot: Snapshot, { namespace = "default", gateways = false }: Partial<ReadingRules> = {}): Declarations {
  const rules = { namespace, gateways };
  const files = new Map<string, FileState>();
  const holders = new StringSets();
  const serving = new Map<RefKey, AnyObject>();
  const doubled = new Set<RefKey>();
  const pending = new Set<RefKey>();
  let findingsChanged = false;

  function setState(file: string, state: FileState | undefined): void {
    const before = files.get(file);
    for (const key of declaredBy(before).keys()) {
      holders.delete(key, file);
      pending.add(key);
    }
    for (const key of declaredBy(state).keys()) {
      holders.add(key, file);
      pending.add(key);
    }
    findingsChanged ||= hasFindings(before) || hasFindings(state);
    if (state) files.set(file, state);
    else files.delete(file);
  }

  /** Every declaration of an object; the last one serves. */
  function declarationsOf(key: RefKey): Declared[] {
    const holding = [...holders.of(key)].sort();
    return holding.flatMap((file) => declaredBy(files.get(file)).get(key) ?? []);
  }

  function commitKey(key: RefKey, removals: boolean): "same" | "changed" | "held" {
    const declarations = declarationsOf(key);
    if (declarations.length > 1 || doubled.has(key)) findingsChanged = true;
    if (declarations.length > 1) doubled.add(key);
    else doubled.delete(key);
    const winner = declarations.at(-1);
    const current = serving.get(key);
    if (winner) {
      if (winner.object.origin instanceof ManifestOrigin) winner.object.origin.moveTo(winner.place);
      if (winner.object === current) return "same";
      snapshot.put(winner.object);
      serving.set(key, winner.object);
      return "changed";
    }
    if (!current) return "same";
    if (!removals) return "held";
    snapshot.remove({ kind: current.kind, namespace: current.metadata.namespace, name: current.metadata.name });
    serving.delete(key);
    return "changed";
  }

  return {
    files,
    *setText(file, text) {
      setState(file, yield* readFileText(file, text, rules, files.get(file)));
    },
    isCut(file, text) {
      const before = files.get(file);
      if (before === undefined || declaredBy(before).size === 0) return false;
      return text.length < before.text.length && !text.endsWith("\n") && before.text.startsWith(text);
    },
    setUnreadable(file, failure) {
      const before = files.get(file);
      if (before?.failure !== failure) setState(file, { documents: [], text: "", ...before, failure });
    },
    drop: (file) => setState(file, undefined),
    commit(removals) {
      let changed = false;
      let held = 0;
      for (const key of pending) {
        const outcome = commitKey(key, removals);
        if (outcome === "held") held++;
        else pending.delete(key);
        changed ||= outcome === "changed";
      }
      changed ||= findingsChanged;
      findingsChanged = false;
      return { changed, held };
    },
    findings() {
      const ofFiles = [...files].flatMap(([file, state]) => findingsOf(file, state));
      return [...ofFiles, ...[...doubled].flatMap((key, index) => doubleFindings(declarationsOf(key), index < MOST_LINES))];
    },
    ignored() {
      const counts = new Map<string, number>();
      for (const { documents } of files.values())
        for (const { rest } of documents) for (const kind of rest?.ignored ?? []) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return counts;
    },
    promised: () => [...files.values()].flatMap(({ documents }) => documents.flatMap(({ rest }) => rest?.promised ?? [])),
  };
}

/**
 * Reads a file anew. A document whose text is the same as before is taken over unread, unless it moved in front of one
 * that it followed: then it is read anew, because the order of documents decides between Ingresses.
 */
function* readFileText(file: string, text: string, rules: ReadingRules, before: FileState | undefined): Generator<void, FileState> {
  const known = new Map(before?.documents.map((state) => [state.document.text, state]));
  const declaredBefore = declaredBy(before);
  let lastIndex = -1;
  const documents: DocumentState[] = [];
  for (const document of splitDocuments(text)) {
    yield;
    const same = known.get(document.text);
    known.delete(document.text);
    if (same && same.document.index > lastIndex) {
      lastIndex = same.document.index;
      for (const declared of same.declared) declared.place = { ...declared.place, document };
      documents.push({ ...same, document });
      continue;
    }
    const read = readDocument(file, document, rules);
    for (const declared of read.declared) {
      const old = declaredBefore.get(refKeyOf(declared.object.kind, declared.object.metadata))?.at(-1);
      if (!old || old.place.document.index <= lastIndex || contentOf(old.object) !== contentOf(declared.object)) continue;
      declared.object = old.object;
      lastIndex = old.place.document.index;
    }
    documents.push(stateOf(document, read));
  }
  const now = byKey(documents);
  const kept = keptFrom(before, documents, now);
  const declared = now.size > FEW || kept.length > 0 ? { declared: new Map([...now, ...kept]) } : {};
  return { documents: exact(documents), ...declared, text };
}

function stateOf(document: DocumentText, { declared, ...rest }: DocumentRead): DocumentState {
  const { findings, broken, unreadable, ignored, promised } = rest;
  const isPlain = !unreadable && findings.length + broken.length + ignored.length + promised.length === 0;
  return { document, declared, ...(isPlain ? {} : { rest }) };
}

function byKey(documents: readonly DocumentState[]): DeclaredObjects {
  const all = new Map<RefKey, Declared[]>();
  for (const { declared } of documents) {
    for (const entry of declared) {
      const key = refKeyOf(entry.object.kind, entry.object.metadata);
      const earlier = all.get(key);
      if (earlier) earlier.push(entry);
      else all.set(key, [entry]);
    }
  }
  return all;
}

/** What the documents do not declare any more, and what stays all the same, because they cannot be read. */
function keptFrom(before: FileState | undefined, documents: readonly DocumentState[], now: DeclaredObjects): [RefKey, readonly Declared[]][] {
  const unreadable = documents.some(({ rest }) => rest?.unreadable);
  const broken = new Set(documents.flatMap(({ rest }) => [...(rest?.broken ?? [])]));
  if (!unreadable && broken.size === 0) return [];
  return [...declaredBy(before)].filter(([key]) => (unreadable || broken.has(key)) && !now.has(key));
}

/** A text that is the same for equal objects only. It holds a Secret's values as digests. */
function contentOf(object: AnyObject): string {
  const data = object.kind === "Secret" ? digestsOf(object) : undefined;
  return JSON.stringify({ ...object, origin: undefined, ...(data ? { data } : {}) });
}

function digestsOf(secret: Secret): Record<string, string> {
  return Object.fromEntries(Object.entries(secret.data).map(([key, bytes]) => [key, bytes.digest()]));
}

function hasFindings(state: FileState | undefined): boolean {
  return state?.failure !== undefined || (state?.documents.some(({ rest }) => rest && rest.findings.length > 0) ?? false);
}

function findingsOf(file: string, state: FileState): Finding[] {
  const own =
    state.failure === undefined
      ? []
      : [unreadable({ subject: fileSubject(file), field: "", file, line: 1 }, state.failure)];
  const ofDocuments = state.documents.flatMap(({ document, rest }) =>
    (rest?.findings ?? []).map((finding) => ({ ...finding, line: (finding.line ?? 1) + document.startLine - 1 })),
  );
  return [...own, ...ofDocuments];
}

function unreadable(where: Where, reason: string): Finding {
  if (reason === EMPTIED) return fileEmptied(where, {});
  if (reason === CUT) return fileCut(where, {});
  return reason === TOO_LARGE ? tooLarge(where, { what: "file", most: `${MOST_FILE} MiB` }) : fileUnreadable(where, { reason });
}

/**
 * For this many doubled objects findings give the line of the name, for the others that of the document: the line of
 * a name costs a second reading.
 */
const MOST_LINES = 100;

function doubleFindings(declarations: readonly Declared[], exactly: boolean): Finding[] {
  const spot = ({ place }: Declared): { file: string; line: number } => ({
    file: place.file,
    line: exactly ? new ManifestOrigin(place).line("metadata.name") : place.document.startLine,
  });
  const winner = declarations.at(-1);
  if (!winner) return [];
  const { kind, metadata } = winner.object;
  const serving = spot(winner);
  return declarations.slice(0, -1).map((other) => {
    const ignored = spot(other);
    const subject = { kind, namespace: metadata.namespace, name: metadata.name };
    const name = metadata.namespace === "" ? metadata.name : `${metadata.namespace}/${metadata.name}`;
    const texts = { ignored: `${ignored.file}:${ignored.line}`, serving: `${serving.file}:${serving.line}` };
    return duplicateObject({ subject, field: "metadata.name", ...ignored }, { kind, name, ...texts });
  });
}
