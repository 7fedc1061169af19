/**
 * The files in which the nginx below http looks up where each connection goes (edge/stream/endpoint.ts): one per
 * listener, and one for each few of the hosts that are passed through, so that what a connection has to read stays short.
 *
 * Each is swapped by rename: whoever connects after the swap gets the new endpoints. Where one cannot be written, the
 * change has not come to where connections look, and nobody may acknowledge it until it has.
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
  /** Files that are not what they should be. */
  readonly #behind = new Set<string>();
  /** There may be files of an earlier agent's; they can be told from ours once all streams were told of. */
  #strange = true;
  #toldOfAll = false;
  #problem: string | undefined;

  constructor(runtimeDir: string, readers: Readers) {
    this.#folder = `${runtimeDir}/${FILES.endpoints}`;
    this.#readers = readers;
    makeFolderFor(this.#folder, readers);
  }

  /** Why connections are not led to where the last commit says; undefined: they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes what a commit made true. */
  commit(frames: readonly Frame[]): void {
    for (const frame of frames) this.#take(frame);
    this.write();
  }

  /** Writes what is not written yet; what cannot be written is the `problem`, until another try. */
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

  /** Removes what was left of streams that are no more. */
  #sweep(): void {
    for (const file of readdirSync(this.#folder)) if (!this.#files.has(file)) rmSync(`${this.#folder}/${file}`, { force: true });
    this.#strange = false;
  }
}

function line(id: string, { keep, endpoints }: Stream): string {
  return `${id}\t${keep ?? ""}\t${endpoints.join(" ")}\n`;
}
