/**
 * Text with nginx variables, `$name` or `${name}`, as several annotations take it. It is parsed here, once; the edge puts
 * it together for each request, so that no tenant's text reaches nginx's own parser.
 */
import type { Template } from "../../../edge/src/program.ts";

const VARIABLE = /\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g;

/** A `$` that begins no name stands for itself. Names are in lower case, as nginx looks them up. */
export function parseTemplate(text: string): Template {
  const texts: string[] = [];
  const names: string[] = [];
  let from = 0;
  for (const match of text.matchAll(VARIABLE)) {
    texts.push(text.slice(from, match.index));
    names.push((match[1] ?? match[2] ?? "").toLowerCase());
    from = match.index + match[0].length;
  }
  return { texts: [...texts, text.slice(from)], names };
}

/** A text that parses to this template. */
export function templateText({ texts, names }: Template): string {
  return texts.map((text, index) => (index < names.length ? `${text}\${${names[index]}}` : text)).join("");
}
