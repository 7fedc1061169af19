/** The guide to annotations: what each does, and whether it works, differs or is refused. Made from their table. */
import type { Annotation, Honoured, OnInvalid } from "../../src/model/annotations/annotation.ts";
import type { Values } from "../../src/model/annotations/slot.ts";
import { annotations as inOrder, defaultValues } from "../../src/model/annotations/table.ts";
import { parseConfig } from "../../src/model/config/parse.ts";
import { code, page, table } from "./markdown.ts";

/** All annotations; those that are refused come last. */
const annotations = [...inOrder.filter(({ status }) => status !== "snippet"), ...inOrder.filter(({ status }) => status === "snippet")];

const BAD_VALUE: Readonly<Record<OnInvalid, string>> = {
  default: "counts as absent",
  closed: "its paths answer 503",
  forbidden: "its hosts answer 403",
  refused: "the Ingress is refused",
};

export function annotationsPage(): string {
  const defaults = defaultValues(parseConfig(undefined).config);
  const works = annotations.filter((row) => row.status === "honoured" && row.differs === undefined);
  const differs = annotations.filter((row) => row.status === "honoured" && row.differs !== undefined);
  const others = annotations.length - works.length - differs.length;
  const groups = Map.groupBy(annotations, (row) => row.group);
  return page("Annotations", "src/model/annotations/", [
    `Sluice knows every annotation of ingress-nginx: ${works.length} work as there, ${differs.length} differ on purpose, ${others} are refused or have no effect, and say so. ` +
      "They start with `nginx.ingress.kubernetes.io/` (`--annotations-prefix`). Defaults are those of the [ConfigMap](../reference/configmap.md).",
    "A value that is not valid is always a [finding](../reference/findings.md), and so is an unknown name. What such a value does, beside, is in the tables. Blanks around a value are no part of it, and an empty value counts as absent. " +
      "What keeps requests out never opens by mistake: its paths answer 503 until it is mended.",
    "**reload** says what a value costs. `no`: it travels to nginx's workers as data. `when new`: nginx reads it in its configuration, so a combination of such values that nginx does not have yet costs [a reload](operating.md#when-nginx-is-reloaded): four at once, then one in ten seconds. " +
      "[What charts ask for](../decisions/040-limits-of-bodies-are-data.md) is always there, and Ingresses with the same values share one combination. No annotation costs one each time.",
    "Sluice's own annotations, `sluice.ingress/match` and `sluice.ingress/path-annotations`, have [a page of their own](routing-by-request.md). `sluice.ingress/rollout` raises a canary's weight step by step and takes a bad one back ([releases that go on by themselves](canary.md#releases-that-go-on-by-themselves)).",
    ...[...groups].flatMap(([group, rows]) => [`## ${group}`, ...section(rows, defaults)]),
  ]);
}

function section(rows: readonly Annotation[], defaults: Values): string[] {
  const honoured = rows.filter((row) => row.status === "honoured");
  const others = rows.filter((row) => row.status === "snippet");
  return [
    ...(honoured.length > 0 ? [table(["annotation", "what it does", "default", "must be", "otherwise", "holds for", "reload", "risk"], honoured.map((row) => works(row, defaults)))] : []),
    ...rows.flatMap((row) => (row.differs === undefined ? [] : [`**${code(row.name)} differs**: ${row.differs}`])),
    ...(others.length > 0 ? [table(["annotation", "Sluice", "reload", "risk"], others.map((row) => [names(row), outcome(row), reload(row), row.risk]))] : []),
  ];
}

function works(row: Honoured, defaults: Values): string[] {
  const shown = row.show(defaults);
  const text = shown === "none" || shown === "" ? "none" : code(shown);
  return [names(row), row.doc, text, row.expects, BAD_VALUE[row.onInvalid ?? "default"], row.scope, reload(row), row.risk];
}

function reload({ reload: when }: Annotation): string {
  return when ?? "no";
}

function outcome({ place }: Exclude<Annotation, Honoured>): string {
  const allowed = place === "location";
  const refused = "refused: it puts text into nginx's configuration; a finding names what does the same";
  return allowed ? `${refused}. The operator may [allow it](../decisions/012-snippets-tested-alone.md)` : refused;
}

function names({ name, aliases = [] }: Annotation): string {
  return [name, ...aliases].map(code).join(", ");
}
