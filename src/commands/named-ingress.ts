/** An Ingress as people name it on a command line. */
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";

export interface NamedIngress {
  readonly namespace: string;
  readonly name: string;
}

const OBJECT = /^(?:ing(?:ress(?:es)?)?(?:\.networking\.k8s\.io)?\/)?([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)$/;

/**
 * The one Ingress among the words, `ingress/NAMESPACE/NAME` or without its beginning. Throws a UserError for anything else.
 * @param missing what is said where there is no word. @param example a name to write it like.
 */
export function namedIngress([object, extra]: readonly string[], missing: string, example: string): NamedIngress {
  if (object === undefined) throw new UserError(missing, 2);
  if (extra !== undefined) throw new UserError(`One object at a time: "${printable(extra)}" is one too many; write it like ${example}.`, 2);
  const [, namespace, name] = OBJECT.exec(object) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new UserError(`"${printable(object)}" is not ingress/NAMESPACE/NAME: write it like ${example}.`, 2);
}
