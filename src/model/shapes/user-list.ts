import { PrivateBytes } from "../../support/private-bytes.ts";

/** Users (`name` or `name:realm`) and the hashes of their passwords. Printing a UserList never shows them. */
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
