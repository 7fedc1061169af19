/** What filters say about paths: another path, or another prefix in place of the matched one (HTTPPathModifier). */
import type { PathChange } from "../../../edge/src/program.ts";
import type { RouteFilter } from "../../source/gateway/shared.ts";
import { LONGEST_PATH } from "../shapes/bounds.ts";
import type { RouteMatch } from "./route-match.ts";

export type RulePath = { readonly full: string } | { readonly prefix: string };

type Given = NonNullable<NonNullable<RouteFilter["urlRewrite"]>["path"]>;

/** The change; or why it cannot be made, a sentence without its full stop. @param where the field of the change */
export function readPathChange({ type = "", replaceFullPath, replacePrefixMatch }: Given, where: string): RulePath | string {
  const [field, value] = type === "ReplaceFullPath" ? ["replaceFullPath", replaceFullPath] : ["replacePrefixMatch", replacePrefixMatch];
  if (type !== "ReplaceFullPath" && type !== "ReplacePrefixMatch") return `${where}.type "${type}" is not supported: use ReplaceFullPath or ReplacePrefixMatch`;
  if (value === undefined) return `${where}.${field} is missing: write the path that takes the place`;
  if (/\p{Cc}/u.test(value) || Buffer.byteLength(value) > LONGEST_PATH) return `${where}.${field} is no path of up to ${LONGEST_PATH} bytes: correct it`;
  if (value.split("/").some((segment) => segment === "." || segment === "..")) return `${where}.${field} "${value}" has a segment that is a dot or two: write the path without it`;
  const path = value === "" || value.startsWith("/") ? value : `/${value}`;
  return field === "replaceFullPath" ? { full: path } : { prefix: withoutSlashes(path) };
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** The change of a path that the match took. */
export function pathChangeOf(change: RulePath, { path }: RouteMatch): PathChange {
  if ("full" in change) return { full: change.full };
  return { strip: path === "/" ? 0 : Buffer.byteLength(path), put: change.prefix };
}
