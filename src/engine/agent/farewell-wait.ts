/** The wait ahead of a reload, in which workers tell clients to close their connections. */
export class FarewellWait {
  #number = 0;
  #end: (early: boolean) => void = () => undefined;

  /**
   * Resolves after so many milliseconds, or as soon as nobody is connected; answers whether it was the latter.
   *
   * @param say has workers tell their clients, with the number of this farewell.
   */
  async wait(ms: number, say: (farewell: number) => void): Promise<boolean> {
    const over = new Promise<boolean>((resolve) => (this.#end = resolve));
    const timer = setTimeout(() => this.#end(false), ms);
    say(++this.#number);
    const early = await over;
    clearTimeout(timer);
    return early;
  }

  /** Every worker has said that no client is connected, and the wait ends. Ignored when it is about an earlier farewell. */
  nobodyConnected(farewell: number): void {
    if (farewell === this.#number) this.#end(true);
  }
}
