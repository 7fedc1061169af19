/** The parts of a Program as people are told of them. */
import { partKey } from "../compile/program.ts";
import { targetOf } from "../model/shapes/pool-id.ts";

/** Parts that hold endpoints, which come and go all day. */
const OF_ENDPOINTS = [partKey("pool", ""), partKey("stream", "")];
/** Parts whose names are digests, which tell people nothing. The `tls` part that changes with a certificate says whose it is. */
const NAMELESS = [partKey("certificate", ""), partKey("trust", ""), partKey("users", "")];

/** Whether more than endpoints changed. */
export function isNews(parts: ReadonlySet<string>): boolean {
  return [...parts].some((part) => !startsWithOne(OF_ENDPOINTS, part));
}

/** Whether the part's name is a digest. */
export function isNameless(part: string): boolean {
  return startsWithOne(NAMELESS, part);
}

/** `host shop.example`, `endpoints of shop/web:80`, `certificate of shop.example`; undefined for a part whose name is a digest. */
export function partName(key: string): string | undefined {
  if (isNameless(key)) return undefined;
  const space = key.indexOf(" ");
  const [kind, id] = [key.slice(0, space), key.slice(space + 1)];
  switch (kind) {
    case "pool":
      return `endpoints of ${serviceOf(id)}`;
    case "stream":
      return `endpoints of ${id}`;
    case "tls":
      return `certificate of ${hostName(id)}`;
    case "settings":
      return "settings of all hosts";
    default:
      return `${kind} ${hostName(id)}`;
  }
}

function hostName(id: string): string {
  return id === "_" ? "* (every other name)" : id;
}

function serviceOf(pool: string): string {
  const target = targetOf(pool);
  if (target) return `${target.name}:${target.port}`;
  const [namespace = "", service, port] = pool.split("/");
  return service === undefined ? pool : `${namespace}/${service}${port === undefined ? "" : `:${port}`}`;
}

function startsWithOne(starts: readonly string[], text: string): boolean {
  return starts.some((start) => text.startsWith(start));
}
