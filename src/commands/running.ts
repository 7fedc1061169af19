/** Asks the Sluice that runs on this machine, on its health port. */
import type { Settings } from "../settings.ts";
import { UserError } from "../support/user-error.ts";

/** The exit code when no Sluice answered. */
export const NO_SLUICE = 4;

type HealthPort = Pick<Settings, "healthzHost" | "healthzPort">;

export function healthAddress({ healthzHost: host, healthzPort: port }: HealthPort): string {
  return `${host === "" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** @param instead what else can be done. */
export function nobodyAnswers(settings: HealthPort, reason: string, instead?: string): UserError {
  const remedy = instead === undefined ? "start it, or name its port with --healthz-port" : `start it, name its port with --healthz-port, or ${instead}`;
  return new UserError(`No Sluice answers at ${healthAddress(settings)} (${reason}): ${remedy}.`, NO_SLUICE);
}

/** Why a request got no answer, in a word or two. */
export function failureText(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: { readonly code?: string; readonly message?: string } };
  return cause?.code === "ECONNREFUSED" ? "connection refused" : (cause?.code ?? cause?.message ?? message);
}

/** The answer with status 200. Throws a UserError with exit code NO_SLUICE. */
export async function askRunning(settings: HealthPort, path: string, init: RequestInit, instead?: string): Promise<Response> {
  const response = await fetch(`http://${healthAddress(settings)}${path}`, init).catch((error: unknown) => {
    throw nobodyAnswers(settings, failureText(error), instead);
  });
  if (response.status === 200) return response;
  const told = (await response.text().catch(() => "")).slice(0, 200).trim();
  if (response.status === 400) throw new UserError(told, 2);
  throw nobodyAnswers(settings, response.status === 404 ? "what answers there is no Sluice, or an older one" : `HTTP status ${response.status}${told === "" ? "" : `, ${told}`}`, instead);
}

/**
 * Ends a command that goes on printing when nobody reads it any more: `sluice logs -f | head`, or in a pod, whose client
 * went away.
 */
export function endWithReader(): void {
  process.stdout.once("error", () => process.exit());
}
