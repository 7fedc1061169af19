/** The filters RequestHeaderModifier and ResponseHeaderModifier: which headers are changed, and how. */
import type { HeaderChange } from "../../../edge/src/program.ts";
import type { HeaderChanges } from "../../source/gateway/shared.ts";
import { isToken } from "../grammar/token.ts";

/** Headers of the connection and of the message itself (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = ["connection", "content-length", "transfer-encoding", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];
/** What Sluice itself tells backends of the client. */
const OF_THE_CLIENT = [
  "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-scheme", "x-real-ip", "x-scheme", "x-original-uri", "x-original-forwarded-for", "x-original-forwarded-host", "proxy",
];
/** The host, too, belongs to the routing: URLRewrite changes it. */
const NOT_IN_REQUESTS: ReadonlySet<string> = new Set(["host", ...OF_THE_CONNECTION]);
const NOT_YET: ReadonlySet<string> = new Set(OF_THE_CLIENT);
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
    // A percent sign is for headers that nginx and the edge pass to each other.
    if (!isToken(name) || name.includes("%")) return `${where} names "${name}", which is no header: correct the name`;
    if (reserved.has(name.toLowerCase())) return `${where} changes the header "${name}", which belongs to the connection or the routing: remove it`;
    if (of === "request" && NOT_YET.has(name.toLowerCase())) return `${where} changes the header "${name}", which Sluice sets itself and no rule can change yet: remove it`;
    if (/\p{Cc}/u.test(value)) return `${where} gives the header "${name}" a value with control characters: remove them`;
  }
  return changes;
}
