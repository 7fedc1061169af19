/** What block-user-agents and block-referers hold. Only the edge reads it: it never reaches nginx.conf. */
import { whyNoPattern } from "../grammar/path-pattern.ts";
import { list } from "./value-types.ts";
import type { ConfigType } from "./value-types.ts";

const LONGEST = 1000;
const texts = list("texts, or ~ and a regular expression, separated by commas", isText);

function isText(piece: string): boolean {
  const text = unquoted(piece);
  if (text === "" || text.length > LONGEST || /\p{Cc}/u.test(text)) return false;
  if (!text.startsWith("~")) return true;
  const pattern = text.replace(/^~\*?/, "");
  return pattern !== "" && whyNoPattern(pattern) === undefined;
}

/** In ingress-nginx a text with blanks has to be quoted, because it is written into nginx.conf. */
function unquoted(piece: string): string {
  return /^(["'])(.*)\1$/.exec(piece)?.[2] ?? piece;
}

export const blockedTexts: ConfigType<readonly string[]> = {
  expects: texts.expects,
  parse: (text) => {
    const parsed = texts.parse(text);
    return parsed && { ...parsed, value: parsed.value.map(unquoted) };
  },
};
