/**
 * What can go wrong between us and the API server, as three kinds of error, each with a sentence for the log.
 *
 * `Unreachable`: there was no answer. `Refused`: there was one, and it was not a success. `Broken`: the answer was cut off
 * or makes no sense.
 */
import { fields, integerOrNone, textOrNone } from "./trim.ts";

/** No answer from the API server: network, TLS, credentials that cannot be obtained. */
export class Unreachable extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = "Unreachable";
  }
}

/** An answer that is not a success: a `Status` object (Kubernetes API conventions, "Response Status Kind"). */
export class Refused extends Error {
  readonly status: number;
  /** The wait that the server asked for, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, retryAfter?: number) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** An answer that ended or broke where it should not have, or that is not what was asked for. */
export class Broken extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = "Broken";
  }
}

/** The longest wait that is granted to a server, in seconds. One that asks for more is asked again sooner. */
const LONGEST_WAIT = 300;

/** Reads a `Status` object, from an error response or from an ERROR event of a watch. */
export function refusedBy(status: unknown, httpStatus: number, retryAfterHeader?: string): Refused {
  const answer = fields(status);
  const header = integerOrNone(Number(retryAfterHeader || undefined));
  const seconds = header ?? integerOrNone(fields(answer["details"])["retryAfterSeconds"]);
  const message = textOrNone(answer["message"]) ?? textOrNone(answer["reason"]) ?? `HTTP status ${httpStatus}`;
  const retryAfter = seconds === undefined ? undefined : Math.min(Math.max(seconds, 0), LONGEST_WAIT) * 1000;
  return new Refused(integerOrNone(answer["code"]) ?? httpStatus, message, retryAfter);
}

const UNVERIFIED: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the expected CA",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not signed by the expected CA",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the expected CA",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the expected CA",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not signed by the expected CA",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed",
  UND_ERR_SOCKET: "connection closed",
  ENOTFOUND: "its host name does not resolve",
  EAI_AGAIN: "its host name does not resolve at the moment",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "connection timed out",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "silence for too long",
  ...UNVERIFIED,
};

/** A system, TLS or undici error in a few words. */
export function inWords(error: unknown): string {
  const code = textOrNone(fields(error)["code"]);
  if (code && SENTENCES[code]) return SENTENCES[code];
  return error instanceof Error && error.message ? error.message.trim() : String(error);
}

/** A failed handshake: either side's certificate, or what it was checked against, may have been replaced. */
export function isTlsError(error: unknown): boolean {
  const code = textOrNone(fields(error)["code"]) ?? "";
  return code in UNVERIFIED || code.startsWith("ERR_SSL_");
}
