/**
 * `sluice secret tls NAME`, `sluice secret htpasswd NAME`: prints the manifest of a Secret, for people without kubectl.
 *
 * Guarantee: keys, hashes and passwords are in the manifest alone, which goes to standard output; what is said of them goes
 * to standard error. What could not be served is refused.
 */
import { helpFor, parseSettings } from "../settings.ts";
import type { CommandLine } from "../settings.ts";
import { secretName } from "../settings/values.ts";
import { printable } from "../support/log.ts";
import { asSentence } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { htpasswdSecret } from "./secret-htpasswd.ts";
import { tlsSecret, type MadeSecret } from "./secret-tls.ts";

/** What an API server takes in the values of one Secret. */
const MOST_SECRET_BYTES = 1024 ** 2;
const LONGEST_NAME = 253;
const KINDS = ["tls", "htpasswd"] as const;

export async function secretCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "secret");
  if (settings.help) return void process.stdout.write(helpFor("secret"));
  const [kind, name, ...words] = settings.arguments;
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) throw new UserError(`${kind === undefined ? "What kind of Secret" : `Which Secret is "${printable(kind)}"`}? Write "sluice secret tls NAME" or "sluice secret htpasswd NAME".`, 2);
  if (name === undefined) throw new UserError(`What is the Secret's name? Write "sluice secret ${known} NAME".`, 2);
  if (secretName.parse(name) === undefined || name.length > LONGEST_NAME) throw new UserError(`The name must be ${secretName.expects}, not "${printable(name)}"`, 2);
  const made = known === "tls" ? tls(settings, words) : await htpasswd(settings, words);
  const size = Object.values(made.data).reduce((sum, bytes) => sum + bytes.reveal().length, 0);
  if (size > MOST_SECRET_BYTES) throw new UserError(`What the Secret would hold has ${size} bytes, and an API server takes 1 MiB at most: give smaller files`);
  for (const note of made.notes) process.stderr.write(`sluice: ${printable(asSentence(note))}\n`);
  process.stdout.write(await manifestText(made, name, settings));
}

function tls(settings: CommandLine, [extra]: readonly string[]): MadeSecret {
  if (extra !== undefined) throw new UserError(`"${printable(extra)}" is one word too many: files are named with --cert and --key`, 2);
  if (settings.users.length > 0) throw new UserError("--user is for sluice secret htpasswd: leave it out", 2);
  return tlsSecret(settings);
}

async function htpasswd(settings: CommandLine, [file, extra]: readonly string[]): Promise<MadeSecret> {
  // A password may stand there, so the word is not shown.
  if (extra !== undefined) throw new UserError("There is a word too many behind the file: one file is read, and passwords are never words of a command line", 2);
  if (settings.certFile !== "" || settings.keyFile !== "") throw new UserError("--cert and --key are for sluice secret tls: leave them out", 2);
  return await htpasswdSecret(file, settings.users);
}

async function manifestText({ type, data }: MadeSecret, name: string, { secretNamespace: namespace, manifestForm }: CommandLine): Promise<string> {
  const manifest = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, ...(namespace === "" ? {} : { namespace }) },
    type,
    data: Object.fromEntries(Object.entries(data).map(([key, bytes]) => [key, bytes.reveal().toString("base64")])),
  };
  if (manifestForm === "json") return `${JSON.stringify(manifest, null, 2)}\n`;
  const { stringify } = await import("yaml");
  return stringify(manifest, { lineWidth: 0 });
}
