/**
 * An independent reader of nginx's configuration grammar (ngx_conf_read_token): text back to a tree of words.
 */
export interface ReadDirective {
  readonly words: readonly string[];
  readonly children?: readonly ReadDirective[];
}

/** nginx's escapes inside a word; any other backslash stays as it is. */
const ESCAPES: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n", '"': '"', "'": "'", "\\": "\\" };

/** Throws for what nginx would refuse. A `…_by_lua_block`'s body is skipped. */
export function readConf(text: string): ReadDirective[] {
  let at = 0;

  const skipBlanks = (): void => {
    for (;;) {
      while (/\s/.test(text[at] ?? "")) at++;
      if (text[at] !== "#") return;
      while (at < text.length && text[at] !== "\n") at++;
    }
  };

  const readWord = (): string => {
    const quote = text[at] === '"' || text[at] === "'" ? text[at++] : undefined;
    let word = "";
    for (; at < text.length; at++) {
      const c = text[at] ?? "";
      if (c === "\\" && at + 1 < text.length) {
        const next = text[++at] ?? "";
        word += ESCAPES[next] ?? `\\${next}`;
      } else if (quote === undefined ? /[\s;{]/.test(c) && !(c === "{" && text[at - 1] === "$") : c === quote) break;
      else word += c;
    }
    if (quote !== undefined) {
      if (text[at++] !== quote) throw new Error("a quote that does not end");
      if (!/[\s;{)]/.test(text[at] ?? "")) throw new Error(`unexpected ${JSON.stringify(text[at])} after a quoted word`);
    }
    return word;
  };

  const skipLua = (): void => {
    for (let depth = 1; depth > 0; at++) {
      if (at >= text.length) throw new Error("a Lua block that does not end");
      if (text[at] === '"') while (text[++at] !== '"') if (text[at] === "\\") at++;
      if (text[at] === "{") depth++;
      if (text[at] === "}") depth--;
    }
  };

  const readList = (inBlock: boolean): ReadDirective[] => {
    const list: ReadDirective[] = [];
    for (;;) {
      skipBlanks();
      if (at >= text.length && !inBlock) return list;
      if (at >= text.length) throw new Error("a block that does not end");
      if (text[at] === "}" && inBlock) return list;
      const words: string[] = [];
      for (; text[at] !== ";" && text[at] !== "{"; skipBlanks()) {
        if (at >= text.length || text[at] === "}") throw new Error("a directive that does not end");
        words.push(readWord());
      }
      if (words.length === 0) throw new Error(`unexpected ${text[at]}`);
      if (text[at++] === ";") list.push({ words });
      else if (words[0]?.endsWith("_by_lua_block")) {
        skipLua();
        list.push({ words });
      } else {
        list.push({ words, children: readList(true) });
        at++;
      }
    }
  };

  return readList(false);
}
