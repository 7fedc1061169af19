/**
 * Decides whether the wait before a reload can be skipped. Ahead of a reload workers tell their clients to close
 * connections, and the agent waits a second for that. Where no client is connected, there is nothing to wait for: once
 * every worker that accepts connections has heard of the farewell and reports no connection, clients that connect later
 * are told with their first answer.
 *
 * A worker that comes meanwhile knows nothing of the farewell, and one that goes does not answer: then the agent waits
 * the second.
 */
export class Farewell<Worker> {
  #under: { readonly id: number; readonly silent: Set<Worker> } | undefined;

  /** Begins the farewell with this number, of which all these workers were told. Without any worker the second is waited for. */
  begin(id: number, workers: Iterable<Worker>): void {
    const silent = new Set(workers);
    this.#under = silent.size > 0 ? { id, silent } : undefined;
  }

  /** A worker has heard of the farewell, and counts so many client connections over all workers. Answers whether the farewell is over now. */
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

  /** Ends the farewell without a result: the agent waits the second. */
  cancel(): void {
    this.#under = undefined;
  }
}
