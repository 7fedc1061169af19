/** Which nginx master this worker belongs to: tells the workers of two masters apart while one replaces the other. */
import * as ffi from "ffi";

ffi.cdef("int getppid(void);");

let pid = 0;

/** To be called when the worker starts: once the master is gone, the parent is another process. */
export function noteMaster(): void {
  pid = ffi.C.getppid();
}

export function masterPid(): number {
  return pid;
}

/** Whether the master that started this worker is gone: the worker's parent is another process then. */
export function isOrphan(): boolean {
  return ffi.C.getppid() !== pid;
}
