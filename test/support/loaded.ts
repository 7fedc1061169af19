/**
 * What a start of Sluice loads. Given to Node with --import it notes each module, and writes their addresses, one a line, to the
 * file that LOADED names when the process ends.
 */
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const file = process.env["LOADED"] ?? "";
/** A process that this one starts has a list of its own, or none. */
delete process.env["LOADED"];
const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    loaded.add(url);
    return next(url, context);
  },
});
// What the sources ask Node for at once does not pass the hooks.
const { getBuiltinModule } = process;
process.getBuiltinModule = ((name: string) => {
  loaded.add(name);
  return getBuiltinModule(name);
}) as typeof getBuiltinModule;
const own = pathToFileURL(process.argv[1] ?? "").href;
process.on("exit", () => appendFileSync(file, [own, ...loaded].map((url) => `${url}\n`).join("")));
