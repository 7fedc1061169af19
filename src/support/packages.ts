/**
 * npm packages that many starts never need, and that are used where nobody can wait: each is loaded, at once, when it is asked
 * for first.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

type Yaml = typeof import("yaml");
type Pino = typeof import("pino");
type PromClient = typeof import("prom-client");

let loadedYaml: Yaml | undefined;

/** The complete YAML parser. */
export const yaml = (): Yaml => (loadedYaml ??= require("yaml") as Yaml);

/** Writes log lines as JSON. */
export const pino = (): Pino => require("pino") as Pino;

/** Measures Node and this process. */
export const promClient = (): PromClient => require("prom-client") as PromClient;
