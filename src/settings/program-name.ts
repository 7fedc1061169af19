/** The name that people start the program by: `sluice`, or `kubectl sluice` where kubectl starts it as a plugin. */

/** The plugin's file, as kubectl looks for it on the PATH. */
const PLUGIN = /(?:^|\/)kubectl-sluice(?:\.ts|\.cjs)?$/;

/** Whether kubectl started the program. @param script the file that Node runs. */
export function isKubectlPlugin(script: string = process.argv[1] ?? ""): boolean {
  return PLUGIN.test(script);
}

/** The product is written Sluice; in small letters it is the program, and a command or a flag follows. */
const COMMAND_LINES = /(?<![\w./-]|kubectl )sluice (?=COMMAND\b|--?[a-z]|[a-z])/g;
const PLUGIN_NAME = "kubectl sluice ";

/** The text with its command lines as people write them: `sluice get` becomes `kubectl sluice get` for the plugin. */
export function inOwnName(text: string, isPlugin: boolean = isKubectlPlugin()): string {
  return isPlugin ? text.replaceAll(COMMAND_LINES, PLUGIN_NAME) : text;
}
