/** What can be wrong with the annotations about networks, passwords and limits. */
import { MOST_BYTES, MOST_MICROSECONDS } from "../../../edge/src/password-cost.ts";
import { CLOSED, finding } from "./findings.ts";

export const annotationAlone = finding<{ name: string; needs: string }>(
  "annotation-alone",
  "warning",
  ({ name, needs }) => `${name} needs ${needs} on the same Ingress`,
  () => "it has no effect",
);

export const authenticationIncomplete = finding<{ name: string; needs: string }>(
  "authentication-incomplete",
  "error",
  ({ name, needs }) => `${name} without ${needs} lets nobody in: add it, or remove ${name}`,
  () => CLOSED,
);

export const userLineIgnored = finding<{ key: string; where: string; why: string }>(
  "user-line-ignored",
  "warning",
  ({ key, where, why }) => `${where} of the Secret "${key}" ${why}`,
  () => "the line is ignored",
);

export const passwordTooCostly = finding<{ key: string; where: string; cost: string }>(
  "password-too-costly",
  "error",
  ({ key, where, cost }) =>
    `${where} of the Secret "${key}" has a hash that takes about ${cost} of a worker of nginx for each try, in which it serves nobody else, and ${MOST_MICROSECONDS / 1_000_000} s and ${MOST_BYTES / 1024 ** 2} MiB are allowed: ` +
    "make it anew with a cost of bcrypt up to 12, up to 700,000 rounds of SHA-crypt, or yescrypt and scrypt up to N × r of 524,288 (mkpasswd's own are all below)",
  () => CLOSED,
);

export const realmWithoutUsers = finding<{ key: string; realm: string; realms: readonly string[] }>(
  "realm-without-users",
  "error",
  ({ key, realm, realms }) =>
    `The users of the Secret "${key}" are of the realm ${realms.map((one) => `"${one}"`).join(" and ")}, not of "${realm}": set auth-realm to it`,
  () => "nobody can log in: every request gets 401",
);

export const limitRateUnbuffered = finding<{ name: string }>(
  "limit-rate-unbuffered",
  "warning",
  ({ name }) => `${name} slows down buffered responses only: set proxy-buffering to "on" as well`,
  () => "responses are sent as fast as the client takes them",
);
