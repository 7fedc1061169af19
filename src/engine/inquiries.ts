/** Questions to all workers at once, and who has replied. */
import type { WorkerReply } from "./protocol.ts";

interface Open<Worker> {
  readonly silent: Set<Worker>;
  readonly replies: WorkerReply[];
  readonly end: () => void;
}

export class Inquiries<Worker> {
  readonly #open = new Map<number, Open<Worker>>();
  #last = 0;

  /** Begins a question. `replies` resolves when each of the workers has replied or gone, or after `limit` milliseconds; sorted by slot. */
  begin(workers: Iterable<Worker>, limit: number): { readonly id: number; readonly replies: Promise<readonly WorkerReply[]> } {
    const id = ++this.#last;
    const replies = new Promise<readonly WorkerReply[]>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#open.delete(id);
        resolve(open.replies.sort((a, b) => a.slot - b.slot || a.pid - b.pid));
      };
      const open: Open<Worker> = { silent: new Set(workers), replies: [], end };
      const timer = setTimeout(end, limit);
      this.#open.set(id, open);
      if (open.silent.size === 0) end();
    });
    return { id, replies };
  }

  heard(worker: Worker, reply: WorkerReply): void {
    const open = this.#open.get(reply.id);
    if (!open?.silent.delete(worker)) return;
    open.replies.push(reply);
    if (open.silent.size === 0) open.end();
  }

  gone(worker: Worker): void {
    for (const open of [...this.#open.values()]) if (open.silent.delete(worker) && open.silent.size === 0) open.end();
  }
}
