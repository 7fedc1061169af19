/** Finds objects of given kinds in the text of a file, whether or not Sluice serves from such kinds. */
import type { RawObject } from "../raw.ts";
import { ManifestOrigin, parseDocument, splitDocuments } from "./documents.ts";
import type { DocumentPlace } from "./documents.ts";
import { at, items, rootField, textOfField } from "./fields.ts";

/**
 * The objects of these kinds, in order; those of Lists too. What cannot be read is passed over: reading the same text as a
 * Source says what is wrong with it.
 * @param kinds names without blanks: `Deployment`. A document that holds none of them is not parsed.
 * @param namespace of objects that name none.
 */
export function rawObjectsIn(file: string, text: string, kinds: readonly string[], namespace: string): RawObject[] {
  const mentioned = new RegExp(`\\bkind["']?\\s*:\\s*["']?(?:${kinds.join("|")})(?:List)?\\b`);
  const found: RawObject[] = [];
  for (const document of splitDocuments(text)) {
    if (!mentioned.test(document.text)) continue;
    const parsed = parseDocument(document.text);
    if (parsed.valid) take(parsed.value, undefined, { file, document, prefix: "", namespace }, kinds, found);
  }
  return found;
}

/** @param listed the kind of the items of the List around it, which need not repeat it. */
function take(value: unknown, listed: string | undefined, place: DocumentPlace, kinds: readonly string[], found: RawObject[]): void {
  const root = rootField(value);
  const kind = textOfField(at(root, "kind")) ?? listed;
  if (kind === undefined) return;
  const all = at(root, "items");
  if (kind.endsWith("List") && Array.isArray(all.value)) {
    const ofItems = kind === "List" ? undefined : kind.slice(0, -4);
    items(all).forEach((item, index) => take(item.value, ofItems, { ...place, prefix: `${place.prefix}items[${index}].` }, kinds, found));
  } else if (kinds.includes(kind)) {
    const meta = at(root, "metadata");
    const name = textOfField(at(meta, "name"));
    if (name !== undefined) found.push({ kind, namespace: textOfField(at(meta, "namespace")) ?? place.namespace, name, value, origin: new ManifestOrigin(place) });
  }
}
