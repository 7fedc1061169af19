/** An object as people name it on a command line. */
import { askedKind, ASKED_KINDS, type AskedKind } from "../report/asked-kinds.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";

export interface NamedObject {
  readonly kind: AskedKind;
  readonly namespace: string;
  readonly name: string;
}

const OBJECT = /^(?:([A-Za-z][A-Za-z0-9.]*)\/)?([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)$/;
const KINDS = Object.keys(ASKED_KINDS) as readonly AskedKind[];

/**
 * The one object among the words, `KIND/NAMESPACE/NAME`; without its beginning an Ingress. Throws a UserError for anything else.
 * @param missing what is said where there is no word. @param example a name to write it like. @param kinds those that may be named
 */
export function namedObject([object, extra]: readonly string[], missing: string, example: string, kinds: readonly AskedKind[] = KINDS): NamedObject {
  if (object === undefined) throw new UserError(missing, 2);
  if (extra !== undefined) throw new UserError(`One object at a time: "${printable(extra)}" is one too many; write it like ${example}.`, 2);
  const [, word = "ingress", namespace, name] = OBJECT.exec(object) ?? [];
  if (namespace === undefined || name === undefined) throw new UserError(`"${printable(object)}" is not ingress/NAMESPACE/NAME: write it like ${example}.`, 2);
  const kind = askedKind(word);
  if (kind && kinds.includes(kind)) return { kind, namespace, name };
  throw new UserError(`"${printable(word)}" is none of the kinds ${kinds.map((one) => one.toLowerCase()).join(", ")}: write it like ${example}.`, 2);
}
