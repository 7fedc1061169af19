/**
 * Response headers that Sluice sends itself by nginx's `add_header`, without a second header of the same name.
 *
 * nginx adds such a header to those that are there. The backend's is hidden, so only the edge can have set one by then,
 * for the operator (add-headers) or the Ingress (custom-headers). In that case Sluice's own is not sent.
 */
import type { Argument, Directive } from "./directive.ts";
import { block, directive, expression, mapRow } from "./directive.ts";

/** @param value a text that uses the variable of `ownHeaderMaps`; where it is empty, nginx sends no header. */
export function ownHeaderDirectives(name: string, value: string): Directive[] {
  return [directive("proxy_hide_header", name), directive("add_header", name, expression(value), "always")];
}

/**
 * `$variable` is `value` where the answer has no such header yet, else empty. `volatile` has nginx evaluate it anew,
 * because the request may have had another answer before.
 */
export function ownHeaderMaps(name: string, variable: string, value: Argument): Directive[] {
  const sent = `$sent_http_${name.toLowerCase().replaceAll("-", "_")}`;
  return [block("map", [expression(sent), expression(`$${variable}`)], [directive("volatile"), mapRow("", value), mapRow("default", "")])];
}
