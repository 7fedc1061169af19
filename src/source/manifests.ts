/**
 * Folders of YAML and JSON as a Source: no cluster needed.
 *
 * Guarantees: a change is seen within a few hundredths of a second; a file that is being replaced, is empty for a while
 * or became invalid takes nothing away from what is served; every finding has its file and line.
 */
import { readFileSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sortFindings } from "../model/findings/findings.ts";
import type { Finding } from "../model/findings/findings.ts";
import { keepHeapTight } from "../support/heap.ts";
import type { Log } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { renewLines } from "./manifests/documents.ts";
import { CUT, declarationsInto, EMPTIED, objectsSkipped, MOST_FILE, TOO_LARGE } from "./manifests/declarations.ts";
import type { Declarations } from "./manifests/declarations.ts";
import { walk } from "./manifests/folders.ts";
import type { Walk } from "./manifests/folders.ts";
import { lookFor, watchFolders } from "./manifests/watch.ts";
import type { FolderWatch } from "./manifests/watch.ts";
import { Snapshot } from "./snapshot.ts";
import type { Source } from "./source.ts";

export interface ManifestsOptions {
  /** Folders, read recursively; single files are taken too. */
  readonly folders: readonly string[];
  /** Of objects that name none; absent: `default`. */
  readonly namespace?: string;
  /** Objects of the Gateway API are read; absent: they are passed over. */
  readonly gateways?: boolean;
  /** Files that are passed over, by the paths that `walk` gives. */
  readonly leaveOut?: ReadonlySet<string>;
  readonly log: Log;
}

/** An object that vanished is removed only when a second look, this much later, misses it too: replacing a file may take it away for a moment. */
const SECOND_LOOK_MS = 60;
/**
 * A file that became empty, or was cut within a line, is believed only when it was last written at least this long ago:
 * `helm template >FILE` empties a file before it has anything to write, and writes it in pieces.
 */
const BELIEVED_MS = 10_000;
/** How often all folders are walked, to find changes that no event told of (network file systems, dropped events). */
const REGULAR_LOOK_MS = 5_000;
/** Regular walks take at most one part in this many of the time: after a slow walk the pause is longer. */
const REGULAR_SHARE = 100;
/** How long reading may keep the event loop before other work gets a turn. */
const TURN_MS = 10;

interface Look {
  /** Paths to look at; "changed" and "everything" walk all folders, "everything" reads unchanged files too. */
  readonly scope: ReadonlySet<string> | "changed" | "everything";
  /** Whether objects that vanished are removed now. */
  readonly removals: boolean;
  /** The folders as they were walked before; absent: they are walked now. */
  readonly walked?: Walked;
}

interface Walked {
  readonly found: Walk;
  /** Files that were read since the walk began: of them it may not know, or know what is old. */
  readonly since: ReadonlySet<string>;
}

export function manifestsSource({ folders, leaveOut = new Set(), log, ...rules }: ManifestsOptions): Source {
  const snapshot = new Snapshot();
  const declarations = declarationsInto(snapshot, rules);
  const signatures = new Map<string, string>();
  let findings: readonly Finding[] | undefined;
  let changed: (() => void) | undefined;
  let folderWatch: FolderWatch | undefined;
  const secondLook = afterwards((scope) => void inBackground({ scope, removals: true }));
  let queue: Promise<unknown> = Promise.resolve();
  /** For each walk that is under way, the files that were read since it began. */
  const walks = new Set<Set<string>>();

  /** Looks run one after the other; each ends with one commit in one turn of the event loop. */
  function look(request: Look): Promise<void> {
    const run = queue.then(() => lookNow(request));
    queue = run.catch(() => undefined);
    return run;
  }

  async function lookNow({ scope, removals, walked }: Look): Promise<void> {
    renewLines();
    if (typeof scope === "string") await lookAtAll(scope, walked);
    else await lookAt(scope);
    const outcome = declarations.commit(removals);
    renewLines();
    if (outcome.held > 0 && changed) secondLook.at(typeof scope === "string" ? "changed" : scope);
    if (!outcome.changed) return;
    findings = undefined;
    changed?.();
  }

  async function lookAtAll(scope: "changed" | "everything", walked?: Walked): Promise<void> {
    const { found, since } = walked ?? { found: await walk(folders), since: new Set<string>() };
    for (const file of [...leaveOut, ...since]) found.files.delete(file);
    if (folderWatch?.cover(found.folders)) folderWatch.touchAll(); // For changes from before the watch began.
    forgetVanished(declarations, signatures, found, since);
    for (const [path, reason] of found.unreadable) {
      declarations.setUnreadable(path, reason);
      signatures.delete(path);
    }
    const touched = [...found.files].filter(([file, signature]) => scope === "everything" || signatures.get(file) !== signature);
    for (const [file, signature] of touched) {
      signatures.set(file, signature);
      for (const walk of walks) walk.add(file);
    }
    await readInto(declarations, signatures, touched.map(([file]) => file), scope === "everything");
  }

  async function lookAt(files: ReadonlySet<string>): Promise<void> {
    const plain: string[] = [];
    for (const file of files) {
      const stats = await stat(file).catch(() => undefined);
      const wanted = lookFor(file, stats, folderWatch?.has(file) === true);
      if (wanted === "all folders") return lookAtAll("changed");
      if (wanted === "nothing") continue;
      plain.push(file);
      for (const walk of walks) walk.add(file);
      // The text that is read now may belong to no known signature, so the next full look reads the file once more.
      signatures.delete(file);
    }
    await readInto(declarations, signatures, plain, false);
  }

  async function inBackground(request: Look): Promise<void> {
    await look(request).catch((error: unknown) => log("error", "reading manifests failed", { error: String(error) }));
  }

  function watchUntil(signal: AbortSignal): void {
    folderWatch = watchFolders((paths) => void inBackground({ scope: paths === "all" ? "changed" : paths, removals: false }));
    const regular = lookRegularly(folders, walks, (walked) => inBackground({ scope: "changed", removals: false, walked }), signal);
    signal.addEventListener("abort", () => {
      regular.stop();
      secondLook.stop();
      folderWatch?.close();
      folderWatch = undefined;
      changed = undefined;
    });
  }

  return {
    snapshot,
    description: folders.join(", "),
    get findings() {
      return (findings ??= sortFindings(declarations.findings()));
    },
    async start(notify, signal) {
      await requireFolders(folders);
      signal.throwIfAborted();
      watchUntil(signal);
      await look({ scope: "changed", removals: true });
      log("info", "manifests read", { folders: folders.join(", "), files: declarations.files.size, ...summary(declarations) });
      if (!signal.aborted) changed = notify;
    },
    async sync(signal) {
      signal.throwIfAborted();
      await look({ scope: "everything", removals: true });
    },
    async catchUp(_object, signal) {
      signal.throwIfAborted();
      await look({ scope: "changed", removals: true });
    },
    skipped: () => objectsSkipped(declarations),
    promised: () => declarations.promised(),
    async want() {
      // All Secrets of the folders are in memory anyway.
    },
  };
}

type Doubted = ReadonlySet<string> | "changed";

/** Looks a second time where objects have vanished, a little after the last of them did. */
function afterwards(look: (scope: Doubted) => void): { at(scope: Doubted): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let doubted: Doubted = new Set();
  return {
    at(scope) {
      doubted = scope === "changed" || doubted === "changed" ? "changed" : new Set([...doubted, ...scope]);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const all = doubted;
        doubted = new Set();
        look(all);
      }, SECOND_LOOK_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/**
 * Walks the folders again and again. Not in the queue of looks, because the walk may take seconds, which a file that was just
 * written cannot wait for; `look` takes what it found.
 * @param walks gets the set of files that are read while a walk is under way.
 */
function lookRegularly(folders: readonly string[], walks: Set<Set<string>>, look: (walked: Walked) => Promise<void>, signal: AbortSignal): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const once = async (): Promise<void> => {
    const started = performance.now();
    const since = new Set<string>();
    walks.add(since);
    await look({ found: await walk(folders), since });
    walks.delete(since);
    const pause = Math.max(REGULAR_LOOK_MS, (performance.now() - started) * REGULAR_SHARE);
    if (!signal.aborted) timer = setTimeout(once, pause);
  };
  timer = setTimeout(once, REGULAR_LOOK_MS);
  return { stop: () => clearTimeout(timer) };
}

async function requireFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await stat(folder).catch((error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code;
      const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
      throw new UserError(`The folder "${folder}" given with --manifests ${reason}: name a folder that holds YAML or JSON files`);
    });
  }
}

/** Drops the files that are gone, but for those that were read since they were looked for. A file below a folder that cannot be listed does not count as gone. */
function forgetVanished(declarations: Declarations, signatures: Map<string, string>, found: Walk, since: ReadonlySet<string>): void {
  const blocked = [...found.unreadable.keys()];
  for (const file of declarations.files.keys()) {
    const hidden = blocked.some((path) => file === path || file.startsWith(path.endsWith("/") ? path : `${path}/`));
    if (hidden || found.files.has(file) || since.has(file)) continue;
    declarations.drop(file);
    signatures.delete(file);
  }
}

/**
 * Reads files, with turns for other work in between. Reads synchronously, which takes a seventh of the time; `stat` has
 * shown before that the file system answers.
 * @param sure whether a file that has just become empty, or was cut within a line, is believed.
 */
async function readInto(declarations: Declarations, signatures: Map<string, string>, files: readonly string[], sure: boolean): Promise<void> {
  let turnStarted = performance.now();
  for (const file of [...files].sort()) {
    try {
      const { size, mtimeMs } = statSync(file);
      const text = size > MOST_FILE * 1024 * 1024 ? undefined : textOf(file);
      const believed = sure || Math.abs(Date.now() - mtimeMs) >= BELIEVED_MS;
      if (text === undefined) declarations.setUnreadable(file, TOO_LARGE);
      else if (!believed && declarations.isCut(file, text)) {
        declarations.setUnreadable(file, text === "" ? EMPTIED : CUT);
        // The next regular look reads it again.
        signatures.delete(file);
      } else
        for (const _ of declarations.setText(file, text)) {
          if (performance.now() - turnStarted < TURN_MS) continue;
          await nextTurn();
          turnStarted = performance.now();
        }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error; // Not an error of the file system, but a mistake of ours.
      if (code === "ENOENT") declarations.drop(file);
      else declarations.setUnreadable(file, code);
      signatures.delete(file);
    }
    if (performance.now() - turnStarted < TURN_MS) continue;
    keepHeapTight();
    await nextTurn();
    turnStarted = performance.now();
  }
}

/** The text of a file in UTF-8, or in what its byte order mark says, as kubectl reads it: PowerShell writes UTF-16. */
function textOf(file: string): string {
  const text = readFileSync(file, "utf8");
  // In UTF-8 no file begins with the bytes of that mark, which then are no text.
  if (!text.startsWith("\uFFFD")) return text;
  const bytes = readFileSync(file);
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : undefined;
  return encoding ? new TextDecoder(encoding).decode(bytes) : text;
}

function summary(declarations: Declarations): { ignored?: string } {
  const ignored = [...declarations.ignored()].map(([kind, count]) => `${count} ${kind}`);
  return ignored.length > 0 ? { ignored: ignored.join(", ") } : {};
}
