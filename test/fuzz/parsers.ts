/**
 * Every parser of ours for text that somebody else wrote: tenants, clients, backends, workers. Each with texts that are valid, and with
 * what must hold of its answer beyond that it does not throw. test/fuzz/parsers.test.ts finds a parser that stands in no table.
 */
import type { Parser } from "./parser.ts";
import { OF_CLIENTS } from "./parsers-of-clients.ts";
import { OF_CREDENTIALS } from "./parsers-of-credentials.ts";
import { OF_GATEWAYS } from "./parsers-of-gateways.ts";
import { OF_MANIFESTS } from "./parsers-of-manifests.ts";
import { OF_VALUES } from "./parsers-of-values.ts";
import { OF_WORKERS } from "./parsers-of-workers.ts";

export const PARSERS: readonly Parser[] = [...OF_MANIFESTS, ...OF_VALUES, ...OF_CREDENTIALS, ...OF_CLIENTS, ...OF_WORKERS, ...OF_GATEWAYS];

/** Functions whose names say that they read, and that are none of these parsers; with the reason. */
export const NO_PARSERS: Readonly<Record<string, string>> = {
  readInputs: "words of the command line that name files",
  readPrivateFile: "reads a file that the user names, and takes its bytes as they are",
  readPageFiles: "files of Sluice's own page",
  readAdminToken: "a file of Sluice's own, taken as it is",
  readToken: "a file of the operator's, taken as it is",
  readOwn: "of an Ingress: tried by test/fuzz/objects.test.ts",
  readAnnotations: "of an Ingress: tried by test/fuzz/objects.test.ts",
  readNamed: "of the operator's objects: tried by test/fuzz/objects.test.ts",
  readClasses: "of objects: tried by test/fuzz/objects.test.ts",
  parseIngress: "of an object: tried by test/fuzz/objects.test.ts",
  parseConfig: "of an object: tried by test/fuzz/objects.test.ts",
  readSnippet: "of an annotation, by parseSnippet and parseRules",
  readIngress: "of a document: tried by test/fuzz/objects.test.ts",
  readIngressClass: "of a document: tried by test/fuzz/objects.test.ts",
  readNamespace: "of a document: tried by test/fuzz/objects.test.ts",
  readService: "of a document: tried by test/fuzz/objects.test.ts",
  readEndpointSlice: "of a document: tried by test/fuzz/objects.test.ts",
  readEndpoints: "of a document: tried by test/fuzz/objects.test.ts",
  readConfigMap: "of a document: tried by test/fuzz/objects.test.ts",
  readStrings: "of a document: tried by test/fuzz/objects.test.ts",
  readSecret: "of a document: tried by test/fuzz/objects.test.ts",
  readOwnNode: "asks the API server for an object: tried by test/fuzz/objects.test.ts",
  readPages: "asks the API server for objects: tried by test/fuzz/objects.test.ts",
  readVersion: "asks the API server",
  readObject: "asks the API server for an object",
  readOwnPod: "asks the API server for an object",
  readPodsLike: "asks the API server for objects",
  readPasswords: "lines of a terminal",
  parseTrust: "in nginx, by OpenSSL",
  parseSettings: "parseFlags, and rules between flags",
  readLogged: "readLogLine, and an explanation of what it gives",
  parseAsked: "parseRequest and parseConnection, one after the other",
};
