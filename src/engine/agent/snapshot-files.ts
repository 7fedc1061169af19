/**
 * Writes the snapshot files: from them a worker that starts serves its first request.
 *
 * There are two files of frames, with the keys in one of their own. Workers can read them and not write them: a worker
 * that was taken over must not be able to tell its successor what to serve. Every commit is appended, so a worker that
 * starts a moment later has it. A worker reads up to the last whole commit, so a half-written line, and lines without
 * their commit, are harmless; commits of the two files name the state of the keys, so that a worker which reads them in
 * the middle of a commit knows that they do not go together (edge/src/snapshot.ts).
 *
 * Nothing of the Program stays in memory: lines go to the files as they arrive, a chunk at a time. So only the controller
 * can say everything again. It is asked to when the history outgrows the content, and after a write failed. What it then
 * says goes to fresh files, which are swapped by rename at their commit.
 *
 * A folder that is full, or that cannot be written for another reason, ends nothing: the files stay behind, and no digest
 * is claimed until they are written anew.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync, closeSync, constants, openSync, renameSync, rmSync, statfsSync } from "node:fs";
import type { Frame, PartKind } from "../../../edge/src/program.ts";
import { frameLine } from "../../compile/program.ts";
import { FILES } from "../../compile/nginx-conf.ts";
import type { Log } from "../../support/log.ts";
import { writeForWorkers, type Readers } from "./worker-files.ts";

const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;
/** Kinds of parts that hold private keys or hashes of passwords. */
const SECRET_KINDS: ReadonlySet<string> = new Set<PartKind>(["certificate", "users"]);
/** Files are written anew when the history is longer than the content, and longer than this. */
const SMALL_HISTORY = 1024 * 1024;
/** Bytes that are held back, for each file, until they are written. */
const CHUNK = 256 * 1024;
/** How long after a failure everything is asked for again: what is said then may be a hundred megabytes. */
const AGAIN_MS = 10_000;

/** A file that somebody has removed is not made anew: it would hold a part of the Program, and have the wrong mode. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;

/** How a `set` line begins: the kind follows. */
const SET = '{"op":"set","kind":"';

/** Whether a line from the channel sets a part of the Program, as far as its beginning says. */
export function isPart(line: string): boolean {
  return line.startsWith(SET);
}

type File = typeof FILES.keys | typeof FILES.program;
type Commit = Frame & { readonly op: "commit" };

export class SnapshotFiles {
  readonly #folder: string;
  readonly #readers: Readers;
  readonly #committed: (frames: readonly Frame[]) => void;
  readonly #log: Log;
  /** Whether private keys may be written, because the folder is in memory. */
  readonly keepsKeys: boolean;
  /** Lines that are not written yet, by file, and their bytes. */
  readonly #held: Record<File, string[]> = { [FILES.keys]: [], [FILES.program]: [] };
  readonly #heldBytes: Record<File, number> = { [FILES.keys]: 0, [FILES.program]: 0 };
  /** What the frames since the last commit do. */
  #staged: Staged = nothingStaged();
  /** Frames about connections below http, and resets, since the last commit. */
  #streams: Frame[] = [];
  #pieces: string[] = [];
  /** Why a write since the last commit failed. */
  #failure: unknown;
  /** Bytes of the files when they were written anew, and those that were appended since. */
  #content = 0;
  #history = 0;
  /** Whether the files hold the last commit, and may be appended to. */
  #written = false;
  #digest = "";
  /** Names the state of the keys. The name is new whenever they change, and no other agent ever used it. */
  #keys = randomUUID();
  #problem: string | undefined;
  /** Everything was asked for and has not come yet. */
  #asked = false;
  #notBefore = 0;

  /** @param committed is called with the frames of each commit that are about connections below http, resets included. */
  constructor(folder: string, readers: Readers, log: Log, committed: (frames: readonly Frame[]) => void = () => {}) {
    this.#folder = folder;
    this.#readers = readers;
    this.#log = log;
    this.#committed = committed;
    this.keepsKeys = inMemory(folder);
  }

  /** Digest of the last commit; "" when it is not on disk. */
  get digest(): string {
    return this.#written ? this.#digest : "";
  }

  /** Why the last commit is not on disk; undefined: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Bytes of the Program that are in memory, whatever its size: lines that wait to be written. */
  get held(): number {
    return this.#heldBytes[FILES.keys] + this.#heldBytes[FILES.program] + this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** The digest to claim before a controller: "" asks it for everything. */
  claim(): string {
    this.#asked = this.#needsAll();
    return this.#asked ? "" : this.#digest;
  }

  /**
   * Whether to ask the controller for everything now. Answers true once, and after a failure again some seconds later.
   * @param now milliseconds of a clock that only grows.
   */
  asksForAll(now = performance.now()): boolean {
    if (this.#asked || now < this.#notBefore || !this.#needsAll()) return false;
    this.#asked = true;
    return true;
  }

  /** Takes one line from the channel that is a frame. Answers the generation when it was a commit, once it is written or could not be. */
  take(line: string): number | undefined {
    if (isPart(line)) {
      const kind = line.slice(SET.length, line.indexOf('"', SET.length));
      this.#stage(kind, line);
      if (kind === "stream") this.#streams.push(JSON.parse(line) as Frame);
      return undefined;
    }
    const frame = JSON.parse(line) as Frame;
    switch (frame.op) {
      case "piece":
        return this.#takePiece(frame.text, frame.last);
      case "reset":
        this.#reset(frame);
        return undefined;
      case "set":
      case "drop":
        this.#stage(frame.kind, line);
        if (frame.kind === "stream") this.#streams.push(frame);
        return undefined;
      case "commit":
        this.#commit(frame);
        return frame.generation;
      default:
        return undefined;
    }
  }

  /** Forgets what was staged: the controller went away before its commit. */
  discard(): void {
    // Lines without a commit are in the files: nothing may be appended to them.
    if (this.#staged.spilled) this.#written = false;
    this.#forgetStaged();
    this.#pieces = [];
    this.#asked = false;
  }

  #needsAll(): boolean {
    return !this.#written || this.#history > Math.max(SMALL_HISTORY, this.#content);
  }

  #takePiece(text: string, last: boolean): number | undefined {
    this.#pieces.push(text);
    if (!last) return undefined;
    const whole = this.#pieces.join("");
    this.#pieces = [];
    return this.take(whole);
  }

  /** What follows replaces everything: it goes to fresh files. */
  #reset(frame: Frame): void {
    this.#forgetStaged();
    this.#staged = { any: true, keys: true, fresh: true, spilled: false };
    this.#streams.push(frame);
    this.#attempt(() => {
      for (const file of this.#files()) writeForWorkers(`${this.#path(file)}.new`, "", this.#readers);
    });
    this.#content = 0;
  }

  #stage(kind: string, line: string): void {
    const isKey = SECRET_KINDS.has(kind);
    const staged = this.#staged;
    staged.any = true;
    staged.keys ||= isKey;
    // What cannot be written is not held either.
    if ((isKey && !this.keepsKeys) || this.#failure !== undefined || !(staged.fresh || this.#written)) return;
    const file = isKey ? FILES.keys : FILES.program;
    this.#hold(file, line);
    if (this.#heldBytes[file] >= CHUNK) this.#attempt(() => this.#flush(file));
  }

  #hold(file: File, line: string): void {
    this.#held[file].push(line);
    this.#heldBytes[file] += line.length + 1;
  }

  #flush(file: File): void {
    const { fresh } = this.#staged;
    const lines = this.#held[file];
    this.#held[file] = [];
    const bytes = this.#heldBytes[file];
    this.#heldBytes[file] = 0;
    if (!fresh) this.#staged.spilled = true;
    append(`${this.#path(file)}${fresh ? ".new" : ""}`, [...lines, ""].join("\n"));
    if (fresh) this.#content += bytes;
    else this.#history += bytes;
  }

  /** Writes, unless a write since the last commit has failed. */
  #attempt(write: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      write();
    } catch (error) {
      this.#failure = error;
    }
  }

  #commit(commit: Commit): void {
    const staged = this.#staged;
    if (!staged.any && commit.digest === this.#digest && this.#written) return;
    this.#digest = commit.digest;
    if (staged.keys) this.#keys = randomUUID();
    this.#committed(this.#streams);
    if (staged.fresh || this.#written) this.#attempt(() => this.#end(commit, staged));
    this.#settle(staged.fresh);
    this.#forgetStaged();
  }

  /**
   * Ends both files with the commit. The one of the keys claims no digest, because keys alone are no Program. The one of
   * the program claims none where keys are not kept, because it is not whole without them.
   *
   * The keys come first: a certificate that nothing refers to yet is harmless, a reference without its certificate is not.
   * Fresh files are whole before either is swapped.
   */
  #end(commit: Commit, { keys, fresh }: Staged): void {
    if (this.keepsKeys && keys) {
      this.#hold(FILES.keys, frameLine({ ...commit, digest: "", keys: this.#keys }));
      this.#flush(FILES.keys);
    }
    this.#hold(FILES.program, frameLine(this.keepsKeys ? { ...commit, keys: this.#keys } : { ...commit, digest: "" }));
    this.#flush(FILES.program);
    if (!fresh) return;
    for (const file of this.#files()) renameSync(`${this.#path(file)}.new`, this.#path(file));
    if (!this.keepsKeys) rmSync(this.#path(FILES.keys), { force: true });
  }

  /** Notes how the commit went, and logs once that writing fails, and once that it works again. */
  #settle(fresh: boolean): void {
    if (fresh) this.#asked = false;
    if (this.#failure === undefined) {
      if (!fresh) return;
      this.#history = 0;
      this.#written = true;
      if (this.#problem !== undefined) this.#log("info", "the snapshot can be written again");
      this.#problem = undefined;
      return;
    }
    this.#written = false;
    const { code, message } = this.#failure as NodeJS.ErrnoException;
    if (this.#problem === undefined) {
      this.#log("error", `The snapshot in ${this.#folder} cannot be written (${message}): give the folder more room; until then a worker that starts while the controller is away serves what was written last.`);
    } else this.#notBefore = performance.now() + AGAIN_MS;
    this.#problem = code ?? message;
  }

  #forgetStaged(): void {
    const { fresh } = this.#staged;
    this.#staged = nothingStaged();
    this.#streams = [];
    this.#failure = undefined;
    for (const file of [FILES.keys, FILES.program] as const) {
      this.#held[file] = [];
      this.#heldBytes[file] = 0;
    }
    if (fresh) this.#removeFresh();
  }

  #removeFresh(): void {
    try {
      for (const file of this.#files()) rmSync(`${this.#path(file)}.new`, { force: true });
    } catch {
      // Something else is in the way: that is why the write failed, and it is said.
    }
  }

  /** The files that there are, in the order in which they are swapped. */
  #files(): readonly File[] {
    return this.keepsKeys ? [FILES.keys, FILES.program] : [FILES.program];
  }

  #path(file: string): string {
    return `${this.#folder}/${file}`;
  }
}

interface Staged {
  any: boolean;
  /** Keys changed. */
  keys: boolean;
  /** Everything is said anew. */
  readonly fresh: boolean;
  /** Lines were appended before their commit. */
  spilled: boolean;
}

function nothingStaged(): Staged {
  return { any: false, keys: false, fresh: false, spilled: false };
}

function inMemory(folder: string): boolean {
  const { type } = statfsSync(folder);
  return type === TMPFS || type === RAMFS;
}

/** Appends to a file that is there; throws an errno error. */
function append(path: string, text: string): void {
  const file = openSync(path, APPEND);
  try {
    appendFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
