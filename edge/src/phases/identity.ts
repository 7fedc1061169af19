/** Which nginx master this worker belongs to: tells the workers of two masters apart while one replaces the other. */
import * as ffi from "ffi";

ffi.cdef("int getppid(void);");

let pid = 0;

/** To be called when the worker starts: an orphan's parent is somebody else. */
export function noteMaster(): void {
  pid = ffi.C.getppid();
}

export function masterPid(): number {
  return pid;
}

/** The master that started this worker is gone: its parent is somebody else now. */
export function isOrphan(): boolean {
  return ffi.C.getppid() !== pid;
}
