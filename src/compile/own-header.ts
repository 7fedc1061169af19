/**
 * Response headers that Sluice sends itself by nginx's `add_header`: once, whoever else says something there.
 *
 * nginx adds such a header beside what is there. A backend's is hidden, so that what the edge has set by then, for the
 * operator (add-headers) or the Ingress (custom-headers), is all that there can be; then Sluice's own stays out.
 */
import type { Argument, Directive } from "./directive.ts";
import { block, directive, expression, mapRow } from "./directive.ts";

/** @param value empty: no header. It asks the variable of `ownHeaderMaps`. */
export function ownHeaderDirectives(name: string, value: string): Directive[] {
  return [directive("proxy_hide_header", name), directive("add_header", name, expression(value), "always")];
}

/** `$variable` is `value` where the answer has no such header yet, else empty. `volatile`: there may have been another answer before this one. */
export function ownHeaderMaps(name: string, variable: string, value: Argument): Directive[] {
  const sent = `$sent_http_${name.toLowerCase().replaceAll("-", "_")}`;
  return [block("map", [expression(sent), expression(`$${variable}`)], [directive("volatile"), mapRow("", value), mapRow("default", "")])];
}
