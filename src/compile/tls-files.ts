/**
 * Files that the TLS directives of the server block refer to, without its certificate. The agent writes them beside
 * nginx.conf, under names that are digests of their content.
 */
import type { Config, TicketKey, DhParam } from "../model/config/config.ts";
import type { EngineFacts } from "./facts.ts";

const NAME = /^(?:dh-[0-9a-f]{32}\.pem|ticket-[0-9a-f]{32}\.key)$/;

export function dhParamFile({ id }: DhParam): string {
  return `dh-${id}.pem`;
}

export function ticketFile({ id }: TicketKey): string {
  return `ticket-${id}.key`;
}

export function isTlsFile(name: string): boolean {
  return NAME.test(name);
}

/** File name → content, latin-1. A key is left out where the runtime folder is on a disk: keys lie in memory or nowhere. */
export function tlsFiles({ sslSessionTicketKey: key, named: { dhParam } }: Config, { onDisk }: EngineFacts): Record<string, string> {
  return {
    ...(dhParam ? { [dhParamFile(dhParam)]: dhParam.pem } : {}),
    ...(key && !onDisk ? { [ticketFile(key)]: key.bytes.revealText() } : {}),
  };
}

/** The Config without the settings that need such files: for a trial, whose nginx.conf must not name files that nobody has written. */
export function withoutFiles(config: Config): Config {
  return { ...config, sslSessionTicketKey: undefined, named: { ...config.named, dhParam: undefined } };
}
