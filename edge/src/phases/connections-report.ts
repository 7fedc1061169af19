/**
 * nginx's own counters of connections and requests (stub_status), where its binary has them. All workers of a master
 * share them, so each reports the same numbers.
 */
import * as ffi from "ffi";

const NAMES = ["accepted", "handled", "requests", "active", "reading", "writing", "waiting"] as const;

const [there] = pcall(() => {
  for (const name of NAMES) ffi.cdef("extern unsigned long *ngx_stat_" + name + ";");
  for (const name of NAMES) tonumber(counterOf(name)[0]);
});

function counterOf(name: string): ffi.Memory {
  return (ffi.C as unknown as Record<string, ffi.Memory>)["ngx_stat_" + name] as ffi.Memory;
}

/** The message with all counters; undefined: this nginx has none. */
export function connectionCounts(): object | undefined {
  if (!there) return undefined;
  const message: Record<string, string | number> = { op: "connections" };
  for (const name of NAMES) message[name] = tonumber(counterOf(name)[0]) as number;
  return message;
}

/** Client connections that are open now, over all workers of this master; undefined: this nginx does not count them. */
export function clientConnections(): number | undefined {
  return there ? (tonumber(counterOf("active")[0]) as number) : undefined;
}
