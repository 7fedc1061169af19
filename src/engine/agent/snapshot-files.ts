/**
 * Writes the snapshot files: from them a worker that starts serves its first request.
 *
 * There are two files of frames, with the keys in one of their own. Workers can read them and not write them: a worker
 * that was taken over must not be able to tell its successor what to serve. Every commit is appended, so a worker that
 * starts a moment later has it; when the appended history outgrows the content, the files are written anew and swapped
 * by rename. A worker reads up to the last whole commit, so a half-written line is harmless; commits of the two files
 * name the state of the keys, so that a worker which reads them in the middle of a commit knows that they do not go
 * together (edge/src/snapshot.ts).
 *
 * A folder that is full, or that cannot be written for another reason, ends nothing: the files stay behind, no digest
 * is claimed, and the next commit writes them anew.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync, renameSync, rmSync, statfsSync } from "node:fs";
import type { Frame, PartKind } from "../../../edge/src/program.ts";
import { frameLine } from "../../compile/program.ts";
import { FILES } from "../../compile/nginx-conf.ts";
import type { Log } from "../../support/log.ts";
import { writeForWorkers, type Readers } from "./worker-files.ts";

const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;
/** Kinds of parts that hold private keys or hashes of passwords. */
const SECRET_KINDS: ReadonlySet<string> = new Set<PartKind>(["certificate", "users"]);
/** Files are rewritten when the history is longer than the content, and longer than this. */
const SMALL_HISTORY = 1024 * 1024;

/**
 * The commits that end the two files. The one of the keys claims no digest, because keys alone are no Program. The one
 * of the program claims none where keys are not kept, because it is not whole without them.
 */
interface Ends {
  readonly keys: string;
  readonly program: string;
}

export class SnapshotFiles {
  readonly #folder: string;
  readonly #readers: Readers;
  readonly #committed: (frames: readonly Frame[]) => void;
  readonly #log: Log;
  /** Whether private keys may be written, because the folder is in memory. */
  readonly keepsKeys: boolean;
  /** `kind id` → its `set` line. */
  readonly #lines = new Map<string, string>();
  #staged: { frame: Frame; line: string }[] = [];
  #pieces: string[] = [];
  #content = 0;
  #history = 0;
  #written = false;
  #digest = "";
  /** Names the state of the keys. The name is new whenever they change, and no other agent ever used it. */
  #keys = randomUUID();
  #problem: string | undefined;

  /** @param committed is called with the frames of each commit. */
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

  /** Takes one frame from the channel. Answers the generation when the frame was a commit, once it is written or could not be. */
  take(line: string, frame: Frame): number | undefined {
    if (frame.op === "piece") {
      this.#pieces.push(frame.text);
      if (!frame.last) return undefined;
      const whole = this.#pieces.join("");
      this.#pieces = [];
      return this.take(whole, JSON.parse(whole) as Frame);
    }
    if (frame.op === "retire") return undefined;
    if (frame.op !== "commit") {
      this.#staged.push({ frame, line });
      return undefined;
    }
    this.#commit(frame);
    return frame.generation;
  }

  /** Forgets what was staged: the controller went away before its commit. */
  discard(): void {
    this.#staged = [];
    this.#pieces = [];
  }

  #commit(commit: Frame & { op: "commit" }): void {
    const staged = this.#staged;
    this.#staged = [];
    if (staged.length === 0 && commit.digest === this.#digest && this.#written) return;
    const reset = staged.some(({ frame }) => frame.op === "reset");
    for (const { frame, line } of staged) this.#keep(frame, line);
    this.#digest = commit.digest;
    if (staged.some(({ frame }) => frame.op === "reset" || isKey(frame))) this.#keys = randomUUID();
    const end: Ends = {
      keys: frameLine({ ...commit, digest: "", keys: this.#keys }),
      program: frameLine(this.keepsKeys ? { ...commit, keys: this.#keys } : { ...commit, digest: "" }),
    };
    const anew = reset || !this.#written || this.#history > Math.max(SMALL_HISTORY, this.#content);
    this.#committed(staged.map(({ frame }) => frame));
    this.#attempt(() => {
      if (anew) this.#rewrite(end);
      else this.#append(staged, end);
    });
  }

  /** Writes, and logs once that writing fails, and once that it works again. */
  #attempt(write: () => void): void {
    try {
      write();
      if (this.#problem !== undefined) this.#log("info", "the snapshot can be written again");
      this.#problem = undefined;
    } catch (error) {
      this.#written = false;
      const { code, message } = error as NodeJS.ErrnoException;
      if (this.#problem === undefined) {
        this.#log("error", `The snapshot in ${this.#folder} cannot be written (${message}): give the folder more room; until then a worker that starts while the controller is away serves what was written last.`);
      }
      this.#problem = code ?? message;
    }
  }

  #keep(frame: Frame, line: string): void {
    if (frame.op === "reset") {
      this.#lines.clear();
      this.#content = 0;
    } else if (frame.op === "set" || frame.op === "drop") {
      const key = `${frame.kind} ${frame.id}`;
      this.#content -= this.#lines.get(key)?.length ?? 0;
      if (frame.op === "drop") this.#lines.delete(key);
      else {
        this.#lines.set(key, line);
        this.#content += line.length;
      }
    }
  }

  #append(staged: readonly { frame: Frame; line: string }[], end: Ends): void {
    const program: string[] = [];
    const keys: string[] = [];
    for (const { frame, line } of staged) (isKey(frame) ? keys : program).push(line);
    if (this.keepsKeys && keys.length > 0) this.#extend(FILES.keys, [...keys, end.keys, ""].join("\n"));
    this.#extend(FILES.program, [...program, end.program, ""].join("\n"));
  }

  #extend(file: string, text: string): void {
    appendFileSync(this.#path(file), text);
    this.#history += text.length;
  }

  /**
   * Both files are whole before either is swapped. The keys are swapped first: a certificate that nothing refers to yet
   * is harmless, a reference without its certificate is not.
   */
  #rewrite(end: Ends): void {
    const program: string[] = [];
    const keys: string[] = [];
    for (const [key, line] of this.#lines) (SECRET_KINDS.has(key.split(" ", 1)[0] ?? "") ? keys : program).push(line);
    const files: string[] = [FILES.program];
    try {
      this.#writeFresh(FILES.program, [...program, end.program, ""].join("\n"));
      if (this.keepsKeys) {
        files.unshift(FILES.keys);
        this.#writeFresh(FILES.keys, [...keys, end.keys, ""].join("\n"));
      } else rmSync(this.#path(FILES.keys), { force: true });
      for (const file of files) renameSync(`${this.#path(file)}.new`, this.#path(file));
    } catch (error) {
      for (const file of files) rmSync(`${this.#path(file)}.new`, { force: true });
      throw error;
    }
    this.#history = 0;
    this.#written = true;
  }

  #writeFresh(file: string, text: string): void {
    writeForWorkers(`${this.#path(file)}.new`, text, this.#readers);
  }

  #path(file: string): string {
    return `${this.#folder}/${file}`;
  }
}

function isKey(frame: Frame): boolean {
  return (frame.op === "set" || frame.op === "drop") && SECRET_KINDS.has(frame.kind);
}

function inMemory(folder: string): boolean {
  const { type } = statfsSync(folder);
  return type === TMPFS || type === RAMFS;
}
