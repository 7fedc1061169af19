/** Which release of ingress-nginx an image holds, for what older ones did otherwise. */
import { isImageOfProject, type OldController } from "./installation.ts";

/** The first release that serves Ingresses without a class only where it is told to. */
const ASKS_FOR_CLASSES = [1, 0] as const;
/** The first release whose `rewrite-target` is the whole new path. */
const REWRITES_ALL = [0, 22] as const;

/** `0.20.0`; undefined: the image says none, or is none of the project's. */
export function versionText(image: string): string | undefined {
  const [name = ""] = image.split("@");
  return isImageOfProject(image) ? /:(?:[a-z]+-)?v?(\d+\.\d+[\w.-]*)$/.exec(name)?.[1] : undefined;
}

function isBefore(image: string, [major, minor]: readonly [number, number]): boolean {
  const [own = NaN, ownMinor = NaN] = versionText(image)?.split(/[.-]/).map(Number) ?? [];
  return own < major || (own === major && ownMinor < minor);
}

/**
 * Whether the image serves Ingresses without a class by itself: ingress-nginx before 1.0 does so while its own class is
 * "nginx" (`IsValid` of its package `class`).
 */
export function servesClassless(image: string): boolean {
  return isBefore(image, ASKS_FOR_CLASSES);
}

/** Whether a `rewrite-target` of this installation kept the rest of the path. */
export function keepsRest(controller: Pick<OldController, "image"> | undefined): boolean {
  return controller !== undefined && isBefore(controller.image, REWRITES_ALL);
}

/** How `rewrite-target` differs from those releases; undefined: the value names a group of the path, which they did not know. */
export function rewriteDiffers(value: string): string | undefined {
  if (/\$\d/.test(value)) return undefined;
  return "ingress-nginx before 0.22, which runs here, put the rest of the path behind the target; since then the target is the whole new path, and the rest is dropped: to keep it, write a path such as '/api(/|$)(.*)', and '/$2' as the target, when you move.";
}
