/**
 * What a snippet asks for, in the words of typed annotations: the finding that refuses it says what to write instead.
 *
 * Pure. Every statement gets an answer: the annotation or ConfigMap key that does the same, that nothing is needed, or
 * that there is none. The answers are advice to a person, never applied by themselves.
 */
import type { Statement } from "../shapes/snippet.ts";
import { BLOCKS, DIRECTIVES, selection } from "./translations.ts";

export interface Translation {
  /** The statement, shortened. */
  readonly from: string;
  /** `proxy-body-size: "20m"`; undefined: no annotation does the same. */
  readonly to: string | undefined;
}

/** One translation for each statement; statements that make one annotation together (`allow`, `deny`) are one. */
export function translateStatements(statements: readonly Statement[]): readonly Translation[] {
  const lists = addressLists(statements);
  const rest = statements.filter(({ name }) => name !== "allow" && name !== "deny");
  return [...lists, ...rest.flatMap(translateOne)];
}

/** `a → b; c → d; nothing does the same as e`: for a finding's sentence. */
export function translationText(translations: readonly Translation[]): string {
  const known = translations.filter(({ to }) => to !== undefined).map(({ from, to }) => `${from} → ${to}`);
  const unknown = translations.filter(({ to }) => to === undefined).map(({ from }) => from);
  const parts = [...limited(known, 8)];
  if (unknown.length > 0) parts.push(`no annotation does the same as ${limited(unknown, 5).join(", ")}`);
  return parts.join("; ");
}

/** What does the same as the first statement of this name, blocks included: `from → to`; "" where nothing is known that does. */
export function insteadOfStatement(statements: readonly Statement[], name: string): string {
  const statement = findStatement(statements, name);
  const known = statement && translateStatements([statement]).find(({ to }) => to !== undefined);
  return known ? `${known.from} → ${known.to}` : "";
}

function findStatement(statements: readonly Statement[], name: string): Statement | undefined {
  for (const statement of statements) {
    const found = statement.name === name ? statement : findStatement(statement.children ?? [], name);
    if (found) return found;
  }
  return undefined;
}

function limited(items: readonly string[], most: number): readonly string[] {
  return items.length <= most ? items : [...items.slice(0, most), `${items.length - most} more`];
}

function translateOne(statement: Statement): readonly Translation[] {
  const { name, args, children } = statement;
  const from = printStatement(statement);
  const whole = children ? BLOCKS[name]?.(args, children) : DIRECTIVES[name]?.(args);
  if (whole !== undefined || !children) return [{ from, to: whole }];
  // What stands under a condition has a translation of its own.
  const inner = translateStatements(children).filter(({ to }) => to !== undefined);
  return [{ from, to: name === "if" ? selection(args) : undefined }, ...inner.map((one) => ({ ...one, from: `${one.from} (inside ${name})` }))];
}

/** nginx's first match wins; a list of `allow` that ends in `deny all`, and a list of `deny`, are annotations. */
function addressLists(statements: readonly Statement[]): readonly Translation[] {
  const rules = statements.filter(({ name }) => name === "allow" || name === "deny");
  if (rules.length === 0) return [];
  const of = (wanted: string): readonly string[] =>
    rules.filter(({ name }) => name === wanted).map(({ args }) => args[0] ?? "").filter((address) => address !== "all");
  const [allowed, denied] = [of("allow"), of("deny")];
  const closed = rules.some(({ name, args }) => name === "deny" && args[0] === "all");
  const open = rules.some(({ name, args }) => name === "allow" && args[0] === "all");
  const out: Translation[] = [];
  if (denied.length > 0) out.push({ from: `deny ${denied[0]}…`, to: `denylist-source-range: ${quoteText(denied.join(","))}` });
  if (closed && allowed.length > 0) out.push({ from: "allow …; deny all", to: `allowlist-source-range: ${quoteText(allowed.join(","))}` });
  if (closed && allowed.length === 0 && !open) out.push({ from: "deny all", to: 'denylist-source-range: "0.0.0.0/0,::/0"' });
  if (!closed && (allowed.length > 0 || open) && denied.length === 0) out.push({ from: `allow ${allowed[0] ?? "all"}`, to: "nothing: it is so anyway" });
  return out;
}

/** A statement as somebody would write it, without what stands in its block, at most 60 characters. */
export function printStatement({ name, args, children }: Statement): string {
  const words = args.map((arg) => (/^[^\s"';{}#]+$/.test(arg) ? arg : quoteText(arg)));
  const line = [name, ...words].join(" ") + (children ? " {…}" : "");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function quoteText(value: string): string {
  return JSON.stringify(value);
}
