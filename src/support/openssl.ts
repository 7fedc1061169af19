/** What OpenSSL takes, asked of OpenSSL itself. Node's module of TLS is loaded by the first question: most starts have none. */
import type { SecureContextOptions } from "node:tls";
import { succeeds } from "./succeeds.ts";

/** Whether a TLS context can be made of these options. */
export function openSslTakes(options: SecureContextOptions): boolean {
  return succeeds(() => process.getBuiltinModule("node:tls").createSecureContext(options));
}
