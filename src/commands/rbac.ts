/**
 * `sluice rbac`: prints the Roles that an account needs to read the Secrets that are referred to, and no others.
 *
 * They are for `sluice run --secrets=named`. No Secret is read to make them, and the same objects give the same text.
 */
import { createModelBuilder } from "../model/build/build.ts";
import { wantedWith } from "../model/config/named.ts";
import { parseConfig } from "../model/config/parse.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { canExist, placeOf } from "../source/kubernetes/keys.ts";
import type { Source } from "../source/source.ts";
import { splitName } from "../support/namespaced-name.ts";
import { UserError } from "../support/user-error.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

const RBAC = "rbac.authorization.k8s.io";
/** By this label Roles that are no longer needed can be pruned: kubectl apply --prune -l app.kubernetes.io/managed-by=sluice-rbac. */
const LABELS = { "app.kubernetes.io/managed-by": "sluice-rbac" };

export async function rbacCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "rbac");
  if (settings.help) return void process.stdout.write(helpFor("rbac"));
  const account = splitName(settings.serviceAccount);
  if (!account) throw new UserError("Whose rights? Name Sluice's account: --service-account=NAMESPACE/NAME.", 2);
  const source = openSource({ ...settings, secrets: "named" }, logOfLook(settings, settings.output), LOOK_PATIENCE_MS);
  const objects = rolesFor(await withSource(source, () => referredSecrets(source, settings)), account);
  process.stdout.write(settings.output === "json" ? `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2)}\n` : await asYaml(objects));
}

/** The Secrets that Ingresses refer to, in two passes: a ConfigMap that an Ingress refers to may refer to Secrets. */
async function referredSecrets(source: Source, settings: Settings): Promise<readonly string[]> {
  const ref = splitName(settings.configmap);
  const { config, objects } = parseConfig(ref && source.snapshot.get("ConfigMap", ref.namespace, ref.name));
  const builder = createModelBuilder(settings);
  const { wanted } = builder.update(source.snapshot, [], config);
  await source.want({ secrets: new Set(), configMaps: wanted.configMaps });
  const { secrets } = wantedWith()(builder.update(source.snapshot, source.snapshot.takeChanges(), config).wanted, objects);
  return [...secrets].filter((key) => canExist(key, settings.watchNamespace)).sort();
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

interface RbacObject {
  readonly apiVersion: string;
  readonly kind: "Role" | "RoleBinding";
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** A Role and its binding for each namespace. @param secrets sorted, `namespace/name`. */
export function rolesFor(secrets: readonly string[], account: Account): readonly RbacObject[] {
  const byNamespace = new Map<string, string[]>();
  for (const key of secrets) {
    const { namespace, name } = placeOf(key);
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), name]);
  }
  // Each account has Roles of its own, also where two accounts of different namespaces have the same name.
  const name = `sluice-secrets.${account.namespace}.${account.name}`;
  return [...byNamespace].flatMap(([namespace, resourceNames]): RbacObject[] => {
    const metadata = { name, namespace, labels: LABELS };
    return [
      { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules: [{ apiGroups: [""], resources: ["secrets"], resourceNames, verbs: ["get", "list", "watch"] }] },
      {
        apiVersion: `${RBAC}/v1`, kind: "RoleBinding", metadata,
        roleRef: { apiGroup: RBAC, kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", ...account }],
      },
    ];
  });
}

async function asYaml(objects: readonly RbacObject[]): Promise<string> {
  if (objects.length === 0) return "# No Ingress refers to a Secret.\n";
  const { stringify } = await import("yaml");
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
}
