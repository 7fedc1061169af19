/** The filter CORS: which origins may use the answers of a rule, and how. */
import type { AllowedOrigin, CrossOrigin } from "../../../edge/src/program.ts";
import type { RouteFilter } from "../../source/gateway/shared.ts";
import { isToken } from "../grammar/token.ts";

/** HTTPCORSFilter.maxAge. */
const USUAL_AGE = 5;

/** What the edge does; or why it cannot be done, a sentence without its full stop. @param where the field of the filter */
export function readCrossOrigin(given: NonNullable<RouteFilter["cors"]>, where: string): CrossOrigin | string {
  const { allowOrigins = [], allowCredentials: credentials = false, allowMethods = [], allowHeaders = [], exposeHeaders = [], maxAge = USUAL_AGE } = given;
  const origins = allowOrigins.map((one) => readOrigin(one));
  const odd = allowOrigins.find((one, index) => one !== "*" && origins[index] === undefined);
  if (odd !== undefined) return `${where}.allowOrigins holds "${odd}", which is no origin: write it like https://shop.example:8443, with one * in its host at most`;
  for (const [field, names] of Object.entries({ allowMethods, allowHeaders, exposeHeaders })) {
    const bad = names.find((name) => !isToken(name));
    if (bad !== undefined) return `${where}.${field} holds "${bad}", which is no name: correct it`;
  }
  const listed = (names: readonly string[]): string => (names.includes("*") ? "*" : names.join(", "));
  // With credentials a * is to browsers a header of that name.
  const exposed = credentials ? exposeHeaders.filter((name) => name !== "*") : exposeHeaders;
  return {
    ...(allowOrigins.includes("*") ? {} : { origins: origins.filter((one) => one !== undefined) }),
    ...(credentials ? { credentials: true } : {}),
    ...(allowMethods.length > 0 ? { methods: listed(allowMethods) } : {}),
    ...(allowHeaders.length > 0 ? { headers: listed(allowHeaders) } : {}),
    ...(exposed.length > 0 ? { expose: exposed.join(", ") } : {}),
    maxAge: String(maxAge),
  };
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._*-]+(?::[0-9]{1,5})?$/;

/** Undefined: the text is no origin. */
function readOrigin(text: string): AllowedOrigin | undefined {
  const origin = text.toLowerCase().replace(/^(https:.*):443$|^(http:.*):80$/, "$1$2");
  const [start = "", end, ...more] = origin.split("*");
  return ORIGIN.test(origin) && more.length === 0 ? { start, ...(end === undefined ? {} : { end }) } : undefined;
}
