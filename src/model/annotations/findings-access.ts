/** What can be wrong with the annotations about networks, passwords and limits. */
import { CLOSED, finding } from "../findings.ts";

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

export const realmWithoutUsers = finding<{ key: string; realm: string; realms: readonly string[] }>(
  "realm-without-users",
  "error",
  ({ key, realm, realms }) =>
    `No line of the Secret "${key}" is for auth-realm "${realm}" (${realms.map((one) => `"${one}"`).join(", ")}): digest authentication needs both to be the same`,
  () => "nobody can log in: every request gets 401",
);

export const limitRateUnbuffered = finding<{ name: string }>(
  "limit-rate-unbuffered",
  "warning",
  ({ name }) => `${name} slows down buffered responses only: set proxy-buffering to "on" as well`,
  () => "responses are sent as fast as the client takes them",
);
