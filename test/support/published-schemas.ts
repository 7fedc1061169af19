/**
 * Validates objects against Kubernetes' published schemas, offline, from the package kubernetes-models: for the kinds that
 * the API server of the tests does not serve.
 */
import type { ApiObject } from "./kubectl.ts";

interface Model {
  validate(): void;
}
type ModelClass = new (object: unknown) => Model;

/** Why there are no schemas, in one loud line. */
export const schemasMissing: string | undefined = await load("kubernetes-models/v1/Namespace").then(
  () => undefined,
  () => "SKIPPED, NOTHING PROVEN BY PUBLISHED SCHEMAS: the package kubernetes-models is not installed",
);

/** What the schema of its kind says against an object; undefined when it is valid. Throws for a kind without schema. */
export async function complaint(object: ApiObject): Promise<string | undefined> {
  const { [object.kind]: model } = await load(`kubernetes-models/${object.apiVersion}/${object.kind}`);
  if (!model) throw new Error(`there is no schema of ${object.apiVersion} ${object.kind}`);
  try {
    new model(object).validate();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Imports a module by a name that the type checker does not know, so that types can be checked without the package. */
async function load(module: string): Promise<Readonly<Record<string, ModelClass | undefined>>> {
  return (await import(module)) as Readonly<Record<string, ModelClass | undefined>>;
}
