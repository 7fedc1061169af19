/** Tenants' patterns, run by PCRE under nginx's limit of steps. */
import type { Captures } from "../rewrite-target.ts";

/** Patterns that do not compile, so that each is tried and told once. */
let broken: Record<string, boolean> = {};
let count = 0;
/** More are forgotten: they come from tenants, and change. */
const MOST = 1000;

/** Unanchored, case-sensitive; undefined when the pattern cannot be run. */
export function matches(text: string, pattern: string): boolean | undefined {
  if (broken[pattern] === true) return undefined;
  const [from, , problem] = ngx.re.find(text, pattern, "jo");
  if (problem !== undefined) return fail(pattern, problem);
  return from !== undefined;
}

/** Undefined: no match; false: the pattern cannot be run. */
export function capture(text: string, pattern: string): Captures | undefined | false {
  if (broken[pattern] === true) return false;
  const [captures, problem] = ngx.re.match(text, pattern, "jo");
  if (problem !== undefined) {
    fail(pattern, problem);
    return false;
  }
  return captures as Captures | undefined;
}

/** Of a pattern that could not be run: it compiles, and ran out of steps. */
export function gaveUp(pattern: string): boolean {
  return broken[pattern] !== true;
}

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
