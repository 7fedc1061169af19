/**
 * Renders the templates of deploy/chart where there is no helm. Knows the small part of Go's templates that they use, and
 * throws for anything else. Where helm is installed, a test checks that both give the same objects.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

export type Values = Record<string, unknown>;

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: string }
  | { readonly kind: "block"; readonly word: "if" | "with" | "range"; readonly branches: readonly Branch[] };
interface Branch {
  /** What stands behind the word, a condition for instance; undefined: this is the `else` branch. */
  readonly head: string | undefined;
  readonly body: readonly Node[];
}
interface Scope {
  readonly dot: unknown;
  readonly names: Readonly<Record<string, unknown>>;
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
}

/** The YAML of all templates, as `helm template` prints it, but for the order. */
export function renderChart(chart: string, release: Release, values: Values): string {
  const defaults = parse(readFileSync(join(chart, "values.yaml"), "utf8")) as Values;
  const { appVersion } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8")) as { appVersion: string };
  const root = {
    Values: merged(defaults, values),
    Release: { Name: release.name, Namespace: release.namespace },
    Chart: { AppVersion: appVersion },
  };
  const defined = new Map<string, readonly Node[]>();
  const folder = join(chart, "templates");
  const bodies = readdirSync(folder).sort().map((name) => parseTemplate(readFileSync(join(folder, name), "utf8"), defined));
  return bodies.map((body) => render(body, { dot: root, names: { "": root } }, defined)).join("\n---\n");
}

function merged(base: unknown, over: unknown): unknown {
  if (!isMap(base) || !isMap(over)) return over;
  return Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => [key, key in over ? merged(base[key], over[key]) : base[key]]));
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Actions and the text around them, trimmed where a dash says so. */
function tokens(source: string): { readonly action: boolean; readonly text: string }[] {
  const trimmed = source.replace(/\s*\{\{-/g, "{{").replace(/-\}\}\s*/g, "}}");
  return trimmed.split(/\{\{(.*?)\}\}/s).map((text, index) => ({ action: index % 2 === 1, text: index % 2 === 1 ? text.trim() : text }));
}

function parseTemplate(source: string, defined: Map<string, readonly Node[]>): readonly Node[] {
  const queue = tokens(source);
  /** Reads up to `end` or `else`, and gives that action as `stop`. */
  const body = (): { readonly nodes: readonly Node[]; readonly stop: string } => {
    const nodes: Node[] = [];
    for (let token = queue.shift(); token; token = queue.shift()) {
      const [word = "", ...rest] = token.action ? token.text.split(/\s+/) : [];
      if (!token.action) nodes.push({ kind: "text", text: token.text });
      else if (word === "end" || word === "else") return { nodes, stop: token.text };
      else if (word === "define") defined.set(JSON.parse(rest.join(" ")) as string, body().nodes);
      else if (word === "if" || word === "with" || word === "range") nodes.push(blockOf(word, rest.join(" ")));
      else nodes.push({ kind: "print", pipeline: token.text });
    }
    return { nodes, stop: "" };
  };
  const blockOf = (word: "if" | "with" | "range", head: string): Node => {
    const branches: Branch[] = [];
    let next: string | undefined = head;
    for (;;) {
      const { nodes, stop } = body();
      branches.push({ head: next, body: nodes });
      if (stop === "end") return { kind: "block", word, branches };
      if (!stop.startsWith("else")) throw new Error(`{{ ${word} ${head} }} has no end`);
      next = stop === "else" ? undefined : stop.replace(/^else if /, "");
    }
  };
  return body().nodes;
}

function render(nodes: readonly Node[], scope: Scope, defined: ReadonlyMap<string, readonly Node[]>): string {
  return nodes.map((node) => {
    if (node.kind === "text") return node.text;
    if (node.kind === "print") return printed(evaluate(node.pipeline, scope, defined));
    return renderBlock(node.word, node.branches, scope, defined);
  }).join("");
}

function renderBlock(word: "if" | "with" | "range", branches: readonly Branch[], scope: Scope, defined: ReadonlyMap<string, readonly Node[]>): string {
  for (const { head, body } of branches) {
    if (head === undefined) return render(body, scope, defined);
    const [, key, item, pipeline = head] = /^\$(\w+), \$(\w+) := (.*)$/.exec(head) ?? [];
    const value = evaluate(pipeline, scope, defined);
    if (!isTrue(value)) continue;
    if (word === "if") return render(body, scope, defined);
    if (word === "with") return render(body, { ...scope, dot: value }, defined);
    if (key === undefined || item === undefined || !isMap(value)) throw new Error(`{{ range ${head} }}: only maps, with both names`);
    return Object.keys(value).sort().map((name) => render(body, { dot: value[name], names: { ...scope.names, [key]: name, [item]: value[name] } }, defined)).join("");
  }
  return "";
}

/** The value of a pipeline: its words, strings, parentheses and bars are worked through from left to right. */
function evaluate(pipeline: string, scope: Scope, defined: ReadonlyMap<string, readonly Node[]>): unknown {
  const words = pipeline.match(/"(?:[^"\\]|\\.)*"|[()|]|[^\s()|]+/g) ?? [];
  const operand = (word: string): unknown => {
    if (word === "(") return chain();
    if (word.startsWith('"')) return JSON.parse(word);
    if (/^\d+$/.test(word)) return Number(word);
    const [, name, path] = /^(\$\w*|)((?:\.\w+)*|\.)$/.exec(word) ?? [];
    if (path === undefined) throw new Error(`"${word}" in {{ ${pipeline} }} is not part of the subset`);
    const start = name?.startsWith("$") ? scope.names[name.slice(1)] : scope.dot;
    return path.split(".").filter(Boolean).reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), start);
  };
  const call = (piped: readonly unknown[]): unknown => {
    const first = words.shift() ?? "";
    const rest: unknown[] = [];
    while (words.length > 0 && words[0] !== "|" && words[0] !== ")") rest.push(operand(words.shift() ?? ""));
    if (/^[a-zA-Z]+$/.test(first)) return apply(first, [...rest, ...piped], defined);
    if (rest.length + piped.length > 0) throw new Error(`{{ ${pipeline} }}: ${first} takes no arguments`);
    return operand(first);
  };
  const chain = (): unknown => {
    let value = call([]);
    for (let word = words.shift(); word === "|"; word = words.shift()) value = call([value]);
    return value;
  };
  // A parenthesis at the start is an operand, not a function.
  return words[0] === "(" ? whole(operand(words.shift() ?? ""), words, call) : chain();
}

function whole(first: unknown, words: string[], call: (piped: readonly unknown[]) => unknown): unknown {
  let value = first;
  while (words.shift() === "|") value = call([value]);
  return value;
}

function apply(name: string, args: readonly unknown[], defined: ReadonlyMap<string, readonly Node[]>): unknown {
  const [first, second, ...others] = args;
  switch (name) {
    case "include":
      return render(defined.get(String(first)) ?? [], { dot: second, names: { "": second } }, defined).trim();
    case "default":
      return isTrue(second) ? second : first;
    case "printf":
      return args.slice(1).reduce<string>((text, value) => text.replace(/%[sv]/, () => printed(value)), String(first));
    case "toYaml":
      return stringify(first, { lineWidth: 0 }).trimEnd();
    case "nindent":
      return `\n${String(second).replace(/^/gm, " ".repeat(Number(first)))}`;
    case "quote":
      return JSON.stringify(printed(first));
    case "contains":
      return String(second).includes(String(first));
    case "eq":
      return [second, ...others].includes(first);
    case "fail":
      throw new Error(String(first));
    case "not":
      return !isTrue(first);
    case "and":
      return args.find((value) => !isTrue(value)) ?? args.at(-1);
    case "or":
      return args.find(isTrue) ?? args.at(-1);
    default:
      throw new Error(`the function ${name} is not part of the subset`);
  }
}

function isTrue(value: unknown): boolean {
  if (isMap(value)) return Object.keys(value).length > 0;
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function printed(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
