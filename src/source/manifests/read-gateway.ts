/**
 * Objects of the Gateway API as written in files, read by the shape of their kind.
 *
 * Values of a wrong type are noted in `root.notes`; a result is to be used only if there are none.
 */
import { exact } from "../../support/exact.ts";
import type { GatewayKindName, SpecOf } from "../gateway/kinds.ts";
import { GATEWAY_KINDS } from "../gateway/kinds.ts";
import type { Members, Shape } from "../gateway/shape.ts";
import type { GatewayObject, Meta } from "../objects.ts";
import { at, flag, integerOfField, isObject, items, members, note, textOfField } from "./fields.ts";
import type { Field } from "./fields.ts";

export function readGatewayKind<K extends GatewayKindName>(kind: K, root: Field, metadata: Meta): GatewayObject<K> {
  const spec = read(at(root, "spec"), GATEWAY_KINDS[kind].spec) ?? {};
  return { kind, metadata, spec: spec as SpecOf<K> };
}

function read(field: Field, shape: Shape): unknown {
  switch (shape.is) {
    case "text":
      return textOfField(field);
    case "whole":
      return integerOfField(field, shape.from, shape.to);
    case "flag":
      return flag(field);
    case "json":
      return field.value;
    case "unread":
      return undefined;
    case "texts":
      return field.value === undefined ? undefined : Object.fromEntries(members(field).map(([name, value]) => [name, textOfField(value) ?? ""]));
    case "list":
      return field.value === undefined ? undefined : exact(items(field).flatMap((item) => readItem(item, shape.of as Shape)));
    case "object":
      return isObject(field) ? readMembers(field, shape.members as Members) : undefined;
  }
}

/** Null in a list is no absence: the API refuses it. */
function readItem(item: Field, shape: Shape): readonly unknown[] {
  const value = read(item, shape);
  if (value === undefined && item.value === undefined) note(item, "a value");
  return value === undefined ? [] : [value];
}

function readMembers(field: Field, shapes: Members): object {
  const made: Record<string, unknown> = {};
  for (const name in shapes) {
    const value = read(at(field, name), shapes[name] as Shape);
    if (value !== undefined) made[name] = value;
  }
  return made;
}
