/**
 * The files in which the nginx below http looks up where each connection goes (edge/stream/endpoint.ts): one per
 * listener, and one for every few passed-through hosts, so that what a connection has to read stays short.
 *
 * A file is swapped by rename: connections after the swap get the new endpoints. While a file cannot be written,
 * connections do not follow the change, and it must not be acknowledged.
 */
import { readdirSync, renameSync, rmSync } from "node:fs";
import { fileOf } from "../../../edge/stream/endpoint.ts";
import type { Frame, Stream } from "../../../edge/src/program.ts";
import { FILES } from "../../compile/nginx-conf.ts";
import { makeFolderFor, writeForWorkers, type Readers } from "./worker-files.ts";

export class EndpointFiles {
  readonly #folder: string;
  readonly #readers: Readers;
  /** File → its lines by id. */
  readonly #files = new Map<string, Map<string, string>>();
  /** Names of the files that still have to be written or removed. */
  readonly #behind = new Set<string>();
  /** There may be files of an earlier agent. They can be told from ours once a reset has been followed by all streams. */
  #strange = true;
  #toldOfAll = false;
  #problem: string | undefined;

  constructor(runtimeDir: string, readers: Readers) {
    this.#folder = `${runtimeDir}/${FILES.endpoints}`;
    this.#readers = readers;
    makeFolderFor(this.#folder, readers);
  }

  /** Why connections do not follow the last commit; undefined: they do. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes the frames of a commit, and writes what they change. */
  commit(frames: readonly Frame[]): void {
    for (const frame of frames) this.#take(frame);
    this.write();
  }

  /** Writes what is not written yet. `problem` says why a file could not be written, until the next try. */
  write(): void {
    this.#problem = undefined;
    for (const file of [...this.#behind]) {
      this.#attempt(() => {
        this.#write(file);
        this.#behind.delete(file);
      });
    }
    if (this.#strange && this.#toldOfAll) this.#attempt(() => this.#sweep());
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.#problem ??= code ?? message;
    }
  }

  #take(frame: Frame): void {
    if (frame.op === "reset") {
      for (const file of this.#files.keys()) this.#behind.add(file);
      this.#files.clear();
      this.#toldOfAll = true;
    } else if ((frame.op === "set" || frame.op === "drop") && frame.kind === "stream") {
      const file = fileOf(frame.id);
      const lines = this.#files.get(file) ?? new Map<string, string>();
      if (frame.op === "set") lines.set(frame.id, line(frame.id, frame.value as Stream));
      else lines.delete(frame.id);
      if (lines.size > 0) this.#files.set(file, lines);
      else this.#files.delete(file);
      this.#behind.add(file);
    }
  }

  #write(file: string): void {
    const path = `${this.#folder}/${file}`;
    const lines = this.#files.get(file);
    if (!lines) return rmSync(path, { force: true });
    writeForWorkers(`${path}.new`, `\n${[...lines.values()].join("")}`, this.#readers);
    renameSync(`${path}.new`, path);
  }

  /** Removes files of streams that are gone. */
  #sweep(): void {
    for (const file of readdirSync(this.#folder)) if (!this.#files.has(file)) rmSync(`${this.#folder}/${file}`, { force: true });
    this.#strange = false;
  }
}

function line(id: string, { keep, endpoints }: Stream): string {
  return `${id}\t${keep ?? ""}\t${endpoints.join(" ")}\n`;
}
