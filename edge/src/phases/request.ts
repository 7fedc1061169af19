/** The request at hand, as the matcher asks about it. */
import type { RequestView } from "../match.ts";
import type { Captures } from "../rewrite-target.ts";

/** Patterns that do not compile, so that each is tried and told once. */
let broken: Record<string, boolean> = {};
let count = 0;
/** More are forgotten: they come from tenants, and change. */
const MOST = 1000;

export const request: RequestView = {
  variable: (name) => ngx.var[name],
  matches: (text, pattern) => {
    if (broken[pattern] === true) return undefined;
    const [from, , problem] = ngx.re.find(text, pattern, "jo");
    if (problem !== undefined) return fail(pattern, problem);
    return from !== undefined;
  },
  gaveUp: (pattern) => broken[pattern] !== true,
  capture: (text, pattern) => {
    if (broken[pattern] === true) return false;
    const [captures, problem] = ngx.re.match(text, pattern, "jo");
    if (problem !== undefined) {
      fail(pattern, problem);
      return false;
    }
    return captures as Captures | undefined;
  },
  draw: (total) => math.random(total),
};

/** A pattern may also run out of steps on one text, and be fine on others. */
function fail(pattern: string, problem: string): undefined {
  ngx.log(ngx.WARN, "a pattern cannot be run: ", problem);
  if (!problem.startsWith("pcre_compile") && !problem.startsWith("pcre2_compile")) return undefined;
  if (count >= MOST) {
    broken = {};
    count = 0;
  }
  broken[pattern] = true;
  count++;
  return undefined;
}
