/** Facts about the machine that runs nginx. The agent finds them out and tells the controller; the compiler only reads them. */
export interface EngineFacts {
  /** `1.22.1` as three numbers. */
  readonly version: readonly [number, number, number];
  /** Files for `load_module`, in order. Empty when the Lua module is built in. */
  readonly modules: readonly string[];
  /** Account of the workers when nginx is started by root; absent otherwise. */
  readonly user?: string;
  /** Processors that nginx may use. */
  readonly processors: number;
  /** Hard limit of open files per process. */
  readonly openFiles: number;
  /** The machine has IPv6, so "all addresses" means both families. */
  readonly ipv6: boolean;
  /** Access log where the operator names none. */
  readonly accessLog: string;
  /** nginx's ModSecurity module, where it is installed. */
  readonly modsecurity?: ModsecurityFacts;
  /** nginx's brotli module, a file for `load_module`, where it is installed. */
  readonly brotli?: string;
  /** nginx was built with threads. */
  readonly threads?: boolean;
  /** The runtime folder is on a disk, where no private key may lie. */
  readonly onDisk?: boolean;
  /** Files for `load_module` of the nginx below http: `stream` and its JavaScript, where both are installed. */
  readonly stream?: readonly string[];
  /** The nginx below http has the https port, because TLS was passed through when it was started. The port cannot be handed back. */
  readonly httpsBelow?: true;
  readonly runtimeDir: string;
  /** Absent: in the runtime folder. */
  readonly tempDir?: string;
  /** Folder of `sluice.lua`. */
  readonly edgeDir: string;
}

/** Debian's packages of `stream`. */
export const STREAM_PACKAGES = "libnginx-mod-stream and libnginx-mod-stream-js";

export interface ModsecurityFacts {
  /** File for `load_module`. */
  readonly module: string;
  /** The main rules file. */
  readonly rules: string;
  /** Files (with wildcards) of the OWASP core rules, in order, where they are installed. */
  readonly coreRules?: readonly string[];
}

export function atLeast(facts: EngineFacts, major: number, minor: number, patch: number): boolean {
  const wanted = [major, minor, patch];
  for (const [i, have] of facts.version.entries()) {
    if (have !== wanted[i]) return have > (wanted[i] ?? 0);
  }
  return true;
}
