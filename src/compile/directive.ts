/**
 * nginx configuration as a tree, and the one printer that turns it into text.
 *
 * Guarantee: every argument is one nginx token, whatever it contains. There is no other way from a value to
 * configuration text: plain strings are literals (a `$` in one is refused, because nginx has no escape for it), and
 * text with nginx variables has to say so with `expression`. The printed text parses back to the same tree.
 */

/** Text that may contain nginx variables. Only for text that the operator or Sluice wrote, never a tenant. */
export interface Expression {
  readonly expression: string;
}
export type Argument = string | number | Expression;

export interface Directive {
  /** Empty for a line that has no directive name: a row of a `map`. */
  readonly name: string;
  readonly args: readonly Argument[];
  readonly children?: readonly Directive[];
  /** Body of a `…_by_lua_block`: fixed text of Sluice's own, with literals made by `luaString`. */
  readonly lua?: string;
}

export function expression(text: string): Expression {
  return { expression: text };
}

export function directive(name: string, ...args: Argument[]): Directive {
  return { name, args };
}

export function block(name: string, args: readonly Argument[], children: readonly (Directive | undefined)[]): Directive {
  return { name, args, children: children.filter((child) => child !== undefined) };
}

/** `key value;` inside a `map` block. */
export function mapRow(key: Argument, value: Argument): Directive {
  return { name: "", args: [key, value] };
}

/** A `map` from one variable to another, named without their `$`. */
export function map(source: string, target: string, rows: readonly (readonly [key: Argument, value: Argument])[]): Directive {
  return block("map", [expression(`$${source}`), expression(`$${target}`)], rows.map(([key, value]) => mapRow(key, value)));
}

export function luaBlock(name: string, lua: string): Directive {
  return { name, args: [], lua };
}

/** A Lua string literal of any bytes: everything but plain ASCII text is a decimal escape. */
export function luaString(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  let out = '"';
  for (const byte of bytes) {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 123 && byte !== 125;
    out += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`;
  }
  return out + '"';
}

/** Prints a list of directives, indented by four spaces a level. Throws RangeError for an argument nginx cannot hold. */
export function print(directives: readonly Directive[], indent = ""): string {
  return directives.map((one) => printOne(one, indent)).join("");
}

/** Texts of blocks, which stay what they are: a large configuration is printed again and again, with a few blocks that are new. */
const PRINTED = new WeakMap<Directive, { readonly indent: string; readonly text: string }>();

function printOne(one: Directive, indent: string): string {
  if (one.children === undefined) return printNew(one, indent);
  const before = PRINTED.get(one);
  if (before?.indent === indent) return before.text;
  const text = printNew(one, indent);
  PRINTED.set(one, { indent, text });
  return text;
}

function printNew({ name, args, children, lua }: Directive, indent: string): string {
  if (!/^([a-z][a-z0-9_]*)?$/.test(name)) throw new RangeError(`not a directive name: ${JSON.stringify(name)}`);
  const head = indent + [...(name === "" ? [] : [name]), ...args.map(printArgument)].join(" ");
  if (lua !== undefined) return `${head} {\n${indent}    ${lua}\n${indent}}\n`;
  if (children === undefined) return `${head};\n`;
  return `${head} {\n${print(children, indent + "    ")}${indent}}\n`;
}

function printArgument(arg: Argument): string {
  if (typeof arg === "number") {
    if (!Number.isFinite(arg)) throw new RangeError(`not a number nginx can read: ${arg}`);
    return String(arg);
  }
  if (typeof arg !== "string") return quote(arg.expression);
  if (arg.includes("$")) throw new RangeError(`a literal cannot hold "$": ${JSON.stringify(arg)}`);
  return quote(arg);
}

/** nginx reads `\"`, `\\`, `\t`, `\r` and `\n` inside double quotes; NUL would end the file for some readers. */
function quote(text: string): string {
  if (text.includes("\0")) throw new RangeError("an argument cannot hold a NUL byte");
  if (/^[A-Za-z0-9_./:=+@%*,~^$[\]()|?<>&!-]+$/.test(text) && !/[\\"'{};#]/.test(text) && !text.startsWith("#"))
    return text;
  const escaped = text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t");
  return `"${escaped}"`;
}
