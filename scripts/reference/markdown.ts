/** The little Markdown that the reference pages need. */

export function page(title: string, source: string, parts: readonly string[]): string {
  const head = [`# ${title}`, `<!-- Made from ${source} by "npm run docs:reference": change it there. -->`];
  return [...head, ...parts].join("\n\n") + "\n";
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Inline code; the text must not contain backquotes. */
export function code(text: string): string {
  return `\`${text}\``;
}
