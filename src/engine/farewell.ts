/**
 * Ahead of a reload workers tell their clients to close connections, and the agent waits a second for it. Nobody has to
 * be waited for where no client is connected: when every worker that accepts connections has said so after it was told
 * of the farewell, whoever connects later is told with the first answer.
 *
 * A worker that comes or goes meanwhile knows nothing of the farewell, or says nothing: then the second is waited for.
 */
export class Farewell<Worker> {
  #under: { readonly id: number; readonly silent: Set<Worker> } | undefined;

  /** A farewell with this number begins; all of these workers were told. */
  begin(id: number, workers: Iterable<Worker>): void {
    const silent = new Set(workers);
    this.#under = silent.size > 0 ? { id, silent } : undefined;
  }

  /** A worker has heard of it, and counts so many client connections over all workers. Answers whether the farewell is over with this word. */
  heard(id: number, worker: Worker, connections: number): boolean {
    const under = this.#under;
    if (under?.id !== id || !under.silent.delete(worker)) return false;
    if (connections > 0) this.cancel();
    else if (under.silent.size === 0) {
      this.cancel();
      return true;
    }
    return false;
  }

  /** The second has to be waited for. */
  cancel(): void {
    this.#under = undefined;
  }
}
