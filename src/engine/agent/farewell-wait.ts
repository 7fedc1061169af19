/** The wait for clients that are told to close their connections, ahead of a reload. */
export class FarewellWait {
  #number = 0;
  #end: (early: boolean) => void = () => undefined;

  /**
   * Resolves after so many milliseconds, or with the word that this farewell is over; answers whether it was that.
   *
   * @param say lets clients be told, of the farewell with this number.
   */
  async wait(ms: number, say: (farewell: number) => void): Promise<boolean> {
    const over = new Promise<boolean>((resolve) => (this.#end = resolve));
    const timer = setTimeout(() => this.#end(false), ms);
    say(++this.#number);
    const early = await over;
    clearTimeout(timer);
    return early;
  }

  /** Every worker has said that no client is connected. A word about an earlier farewell says nothing. */
  nobodyConnected(farewell: number): void {
    if (farewell === this.#number) this.#end(true);
  }
}
