/** What commands ask the Sluice of this machine of rollouts, and have it do with them. */
import { ADMIN_TOKEN } from "../engine/locks.ts";
import { readAdminToken, RUNTIME_DIR_HEADER } from "../report/admin-token.ts";
import type { RolloutAction } from "../rollout/release.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import type { CommandLine, Settings } from "../settings.ts";
import { closest } from "../support/edit-distance.ts";
import { listed, printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { askRunning, failureText, healthAddress, nobodyAnswers } from "./running.ts";

/** Of one question. */
const PATIENCE_MS = 5000;
const PATH = "/api/v1/rollouts";
const OTHER = "what answers there is no Sluice, or an older one";

/** Throws a UserError with exit code NO_SLUICE where none answers. */
export async function askRollouts(settings: Settings): Promise<readonly RolloutStatus[]> {
  const response = await askRunning(settings, PATH, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const statuses: unknown = await response.json().catch(() => undefined);
  if (!Array.isArray(statuses)) throw nobodyAnswers(settings, OTHER);
  return statuses as readonly RolloutStatus[];
}

/** What was not done, in the words of the sentence that says so. */
const NOT_DONE: Readonly<Record<RolloutAction, string>> = { pause: "paused", resume: "resumed", skip: "taken to its next step", abort: "aborted", restart: "begun anew" };

/** Gives the release as it is then. Throws a UserError where that is refused. */
export async function changeRollout(settings: CommandLine, key: string, action: RolloutAction): Promise<RolloutStatus> {
  const response = await post(settings, `${PATH}/${key}/${action}`);
  if (response.status === 200) return (await response.json()) as RolloutStatus;
  const told = (await response.text().catch(() => "")).slice(0, 400).trim();
  if (response.status === 404) {
    const statuses = await askRollouts(settings);
    // It may have come to be there in between; then it is for the person to try again.
    throw noSuchRollout(key, statuses.filter(({ ingress }) => ingress !== key));
  }
  if (response.status === 409 || response.status === 403) throw new UserError(`The release of ingress/${key} was not ${NOT_DONE[action]}: ${printable(told)}`);
  throw nobodyAnswers(settings, `HTTP status ${response.status}${told === "" ? "" : `, ${printable(told)}`}`);
}

/** Asks with the token of the runtime folder. If no folder is given, that of whoever answers is looked in, too: a pod has one of its own. */
async function post(settings: CommandLine, path: string): Promise<Response> {
  const isGiven = settings.given.has("runtimeDir");
  const first = await postWith(settings, path, tokenIn(settings.runtimeDir, isGiven));
  const folder = first.headers.get(RUNTIME_DIR_HEADER);
  if (first.status !== 403 || isGiven || folder === null) return first;
  await first.body?.cancel();
  return await postWith(settings, path, tokenIn(folder, true));
}

async function postWith(settings: Settings, path: string, token: string | undefined): Promise<Response> {
  const init = { method: "POST", headers: token === undefined ? {} : { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(PATIENCE_MS) };
  return await fetch(`http://${healthAddress(settings)}${path}`, init).catch((error: unknown) => {
    throw nobodyAnswers(settings, failureText(error));
  });
}

/** Undefined: there is none. @param required then a UserError is thrown. */
function tokenIn(folder: string, required: boolean): string | undefined {
  try {
    const token = readAdminToken(folder);
    // Nothing else is sent anywhere, whatever a file of this name holds.
    if (/^[0-9a-f]{64}$/.test(token)) return token;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "is not there" : code === "EACCES" || code === "EPERM" ? "may be read by the user that Sluice runs as alone" : `cannot be read (${code ?? message})`;
    if (required) throw new UserError(`A change needs the token of the running Sluice, and ${folder}/${ADMIN_TOKEN} ${why}: run this as the user that Sluice runs as, with the --runtime-dir that it has`);
    return undefined;
  }
  if (required) throw new UserError(`${folder}/${ADMIN_TOKEN} holds no token of a Sluice: name the --runtime-dir of the one that runs`);
  return undefined;
}

/** Says which rollouts there are instead. */
export function noSuchRollout(key: string, statuses: readonly RolloutStatus[]): UserError {
  const none = `There is no rollout of ingress/${key}`;
  const all = statuses.map(({ ingress }) => ingress);
  if (all.length === 0) return new UserError(`${none}, nor of any other: a canary has one with the annotation sluice.ingress/rollout`);
  const near = all.find((one) => one.split("/")[1] === key.split("/")[1]) ?? closest(key, all);
  if (near !== undefined) return new UserError(`${none}: did you mean ingress/${printable(near)}?`);
  return new UserError(`${none}, but of ${listed(all.map((one) => `ingress/${printable(one)}`), 5)}: name the Ingress of the canary`);
}
