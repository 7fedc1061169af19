import { PrivateBytes } from "../../support/private-bytes.ts";

/** Names and hashes, kept from every printer. */
export class UserList {
  readonly #json: PrivateBytes;
  readonly size: number;
  readonly realms: ReadonlySet<string>;

  constructor(users: ReadonlyMap<string, string>, realms: ReadonlySet<string> = new Set()) {
    this.#json = new PrivateBytes(JSON.stringify(Object.fromEntries(users)));
    this.size = users.size;
    this.realms = realms;
  }

  reveal(): Record<string, string> {
    return JSON.parse(this.#json.reveal().toString("utf8")) as Record<string, string>;
  }

  equals(other: UserList): boolean {
    return this.#json.digest() === other.#json.digest();
  }
}
