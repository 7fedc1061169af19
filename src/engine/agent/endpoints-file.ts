/**
 * The file in which the nginx below http looks up where each connection goes (edge/stream/endpoint.ts): one line per
 * listener and per host that is passed through.
 *
 * Swapped by rename, so a reader sees all of one generation; whoever connects after the swap gets the new endpoints.
 */
import { renameSync } from "node:fs";
import type { Frame, Stream } from "../../../edge/src/program.ts";
import { FILES } from "../../compile/nginx-conf.ts";
import { writeForWorkers, type Readers } from "./worker-files.ts";

export class EndpointsFile {
  readonly #file: string;
  readonly #readers: Readers;
  readonly #lines = new Map<string, string>();
  #behind = false;

  constructor(folder: string, readers: Readers) {
    this.#file = `${folder}/${FILES.endpoints}`;
    this.#readers = readers;
  }

  /** Takes what a commit made true. Throws when the file cannot be written; the next commit tries again. */
  commit(frames: readonly Frame[]): void {
    for (const frame of frames) this.#take(frame);
    if (!this.#behind) return;
    writeForWorkers(`${this.#file}.new`, `\n${[...this.#lines.values()].join("")}`, this.#readers);
    renameSync(`${this.#file}.new`, this.#file);
    this.#behind = false;
  }

  #take(frame: Frame): void {
    if (frame.op === "reset") {
      this.#behind ||= this.#lines.size > 0;
      this.#lines.clear();
    } else if (frame.op === "drop" && frame.kind === "stream") {
      this.#behind = this.#lines.delete(frame.id) || this.#behind;
    } else if (frame.op === "set" && frame.kind === "stream") {
      const { keep = "", endpoints } = frame.value as Stream;
      this.#lines.set(frame.id, `${frame.id}\t${keep}\t${endpoints.join(" ")}\n`);
      this.#behind = true;
    }
  }
}
