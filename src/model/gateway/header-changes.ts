/** The filters RequestHeaderModifier and ResponseHeaderModifier: which headers are changed, and how. */
import type { HeaderChange } from "../../../edge/src/program.ts";
import type { HeaderChanges } from "../../source/gateway/shared.ts";
import { isToken } from "../grammar/token.ts";

/** Headers of the connection and of the message itself (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = ["connection", "content-length", "transfer-encoding", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];
/** The host, too, belongs to the routing: URLRewrite changes it. */
const NOT_IN_REQUESTS: ReadonlySet<string> = new Set(["host", ...OF_THE_CONNECTION]);
const NOT_IN_ANSWERS: ReadonlySet<string> = new Set(OF_THE_CONNECTION);

/** The changes; or why they cannot be made, a sentence without its full stop. @param where the field of the filter */
export function readHeaderChanges({ set = [], add = [], remove = [] }: HeaderChanges, where: string, of: "request" | "answer"): readonly HeaderChange[] | string {
  const changes: HeaderChange[] = [
    ...set.map(({ name = "", value = "" }) => ({ name, value })),
    ...add.map(({ name = "", value = "" }) => ({ name, value, add: true })),
    ...remove.map((name) => ({ name })),
  ];
  const reserved = of === "request" ? NOT_IN_REQUESTS : NOT_IN_ANSWERS;
  for (const { name, value = "" } of changes) {
    if (!isToken(name)) return `${where} names "${name}", which is no header: correct the name`;
    if (reserved.has(name.toLowerCase())) return `${where} changes the header "${name}", which belongs to the connection or the routing: remove it`;
    if (/\p{Cc}/u.test(value)) return `${where} gives the header "${name}" a value with control characters: remove them`;
  }
  return changes;
}
