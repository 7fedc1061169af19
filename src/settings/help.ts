/** The text of `sluice <command> --help`, made from the table of flags. */
import { FLAGS, GROUPS } from "./table.ts";
import type { Command, FlagRow } from "./table.ts";

interface CommandText {
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
}

const TEXTS: Readonly<Record<Command, CommandText>> = {
  run: {
    usage: "sluice run [flags]",
    summary: "Serve the Ingresses of a cluster, or of a folder, until it is told to stop.",
    examples: [
      "sluice run --manifests=./k8s --http-port=8080 --https-port=8443",
      "sluice run --configmap=ingress/settings --default-backend-service=ingress/default-http-backend",
    ],
  },
  demo: {
    usage: "sluice demo [FOLDER…] [flags]",
    summary: "Serve examples/, or a folder, with backends of its own, until Ctrl-C.",
    examples: ["sluice demo", "sluice demo ./k8s", "sluice demo --http-port=9000 --https-port=9001"],
  },
  explain: {
    usage: "sluice explain URL [flags]",
    summary: "Say where a request goes, and whose line decides it.",
    examples: [
      "sluice explain http://shop.example/cart --manifests=./k8s",
      "sluice explain http://shop.example/cart --live",
      "sluice explain https://shop.example/admin -X POST -H 'Cookie: a=b' -u ann:secret --client-ip=203.0.113.7",
    ],
  },
  check: {
    usage: "sluice check [FILE…] [FOLDER…] [-] [flags]",
    summary: "Say what is wrong in manifests, without serving them.",
    examples: [
      "sluice check k8s/                                # all that is below",
      "helm template shop ./chart | sluice check -      # what a chart renders",
      "sluice check k8s/ --partial --fail-on=warning --output=github",
    ],
  },
  diff: {
    usage: "sluice diff [OLD] NEW [flags]",
    summary: "Say what changes for those who ask, before it is applied.",
    examples: [
      "sluice diff k8s.before/ k8s/                     # two folders or files",
      "sluice diff k8s/                                 # the cluster, and with the files applied to it",
      "helm template shop ./chart | sluice diff - --output=json",
    ],
  },
  get: {
    usage: "sluice get KIND [NAME…] [flags]",
    summary: "List what is served: routes, hosts, backends, certs, canaries, findings.",
    examples: ["sluice get routes", "sluice get routes shop.example -n shop -o wide", "sluice get certs --manifests=./k8s -o yaml", "sluice get canaries --watch"],
  },
  logs: {
    usage: "sluice logs [flags]",
    summary: "Show requests as nginx ended them, and why Sluice answered some itself.",
    examples: ["sluice logs -f", "sluice logs -f --host=shop.example --status=5xx", "sluice logs --reason=any -n shop --output=json"],
  },
  "migrate replay": {
    usage: "sluice migrate replay --log=FILE --against=URL --and=URL [flags]",
    summary: "Send the requests of an access log to two controllers, and say what differs.",
    examples: [
      "sluice migrate replay --log=access.log --host=shop.example --against=http://10.0.0.1:80 --and=http://10.0.0.2:80",
      "sluice migrate replay --log=access.log --log-format='$host $scheme $request' --against=http://10.0.0.1 --against-https=https://10.0.0.1 --and=http://127.0.0.1:8080 --and-https=https://127.0.0.1:8443",
      "kubectl logs -n ingress-nginx deploy/ingress-nginx-controller | sluice migrate replay --log=- --limit=1000 --host=shop.example --against=https://10.0.0.1 --and=https://127.0.0.1:8443 -o json",
    ],
  },
  rbac: {
    usage: "sluice rbac --service-account=NAMESPACE/NAME [flags]",
    summary: "Print the Roles that an account needs to read the Secrets in use, and no others.",
    examples: [
      "sluice rbac --service-account=ingress-nginx/ingress-nginx | kubectl apply -f -",
      "sluice rbac --service-account=ingress-nginx/ingress-nginx --manifests=examples --output=json",
    ],
  },
  stop: {
    usage: "sluice stop [flags]",
    summary: "Stop the Sluice that runs with this runtime folder.",
    examples: ["sluice stop --runtime-dir=/run/sluice"],
  },
  wait: {
    usage: "sluice wait ingress/NAMESPACE/NAME [flags]",
    summary: "Return when every worker serves an Ingress as it is now.",
    examples: ["sluice wait ingress/shop/web", "sluice wait ingress/shop/web --timeout=10s --output=json"],
  },
  agent: {
    usage: "sluice agent [flags]",
    summary: "Run nginx for a controller in another container.",
    examples: ["sluice agent --runtime-dir=/run/sluice     # and beside it: sluice run --external-agent --runtime-dir=/run/sluice"],
  },
};

/** The complete text, with a newline at its end. */
export function helpFor(command: Command): string {
  const { usage, summary, examples } = TEXTS[command];
  const rows: FlagRow<unknown>[] = Object.values(FLAGS).filter((row) => row.commands?.includes(command) ?? true);
  const groups = GROUPS.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    return own.length > 0 ? ["", `${group}:`, ...own.flatMap((row) => flagLines(row, command))] : [];
  });
  const about = command === "run" ? ABOUT_INGRESS_NGINX : [];
  const lines = [`Usage: ${usage}`, "", summary, ...(ABOUT[command] ?? []), ...groups, ...about, "", "Examples:", ...examples.map((line) => `  ${line}`)];
  return `${lines.join("\n")}\n`;
}

/** The usual number of columns of a terminal. */
const WIDTH = 80;
const INDENT = "      ";

function flagLines(row: FlagRow<unknown>, command: Command): string[] {
  const { placeholder } = row.type;
  const head = `  --${row.flag}${placeholder === "" ? "" : `=${placeholder}`}`;
  const fallback = defaultOf(row, command);
  return [head, ...wrapped(`${row.help}${fallback === "" ? "" : ` Default: ${fallback}.`}`)];
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && INDENT.length + last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => INDENT + line);
}

/** The options of `explain` that are no settings, as curl has them. */
const OF_A_REQUEST = [
  "",
  "The request (URL: http://…, https://…, or tcp://:PORT and udp://:PORT; without a\nscheme: http):",
  "  -H 'NAME: VALUE'",
  ...wrapped("A header, a cookie too; may be repeated."),
  "  -X METHOD",
  ...wrapped("Default: GET."),
  "  -b NAME=VALUE",
  ...wrapped("A cookie; may be repeated."),
  "  -u USER:PASSWORD",
  ...wrapped("As the header Authorization."),
  "  --client-ip=IP",
  ...wrapped("Where it comes from. Default: not known."),
  "  --log='LINE'",
  ...wrapped("In place of the URL: a line of the access log, in the format of the ConfigMap."),
  "  -v",
  ...wrapped("Say what is read, as --log-level=debug."),
  "",
  "Exit codes: 0 a backend or any answer but these, 1 nothing could be read, 2 the",
  "command line, 3 the answer is 404, 4 it is 503 or no endpoint is ready.",
];

const OF_A_DIFF = [
  "",
  "OLD and NEW are files, folders, or standard input (-). Without OLD it is the",
  "cluster, and NEW the same with these files applied to it.",
  "",
  "Exit codes: 0 nothing changes for those who ask and no finding is new, 1 else, 2",
  "the command line is wrong, or nothing could be read.",
];

const OF_A_LIST = [
  "",
  "KIND is one of routes, hosts, backends, certs, canaries, findings, profiles. A",
  "NAME is a host, an Ingress, a Service or a code, of which only these are listed.",
  "The Sluice of this machine is asked; with --manifests, --kubeconfig, --context",
  "or --apiserver-host objects are read, and what would be served is listed.",
  "",
  "Exit codes: 0 listed, 1 nothing could be read, or nothing has such a name, 2 the",
  "command line, 4 no Sluice answered.",
];

const OF_A_CHECK = [
  "",
  "Files, and standard input (-), are judged as a cluster would have them: what a",
  "cluster adds (endpoints of Services) is not missed. With --manifests they are",
  "judged as \"sluice run\" with the same flag serves them; without files, the",
  "cluster is. \"sluice lint\" is the same command.",
  "",
  "Exit codes: 0 nothing is found that is as severe as --fail-on, 1 something is,",
  "2 the command line is wrong, or nothing could be read.",
];

const OF_REQUESTS = [
  "",
  "The Sluice of this machine is asked. Queries, headers and bodies are not in what",
  "it tells.",
  "",
  "Exit codes: 0 listed, 2 the command line, 4 no Sluice answered, or it ended.",
];

const OF_A_REPLAY = [
  "",
  "Both get each request at the same time, over a connection of its own; nothing is",
  "sent anywhere else, and no redirect is followed. What differs is sent again, to",
  "tell backends apart whose answers vary by themselves. Requests that came over",
  "TLS go to the same listener as the others unless --against-https and --and-https",
  "are given; with https://… in --against and --and all go over TLS. An answer may",
  "take ten seconds. Ctrl-C prints what is known so far.",
  "",
  "Exit codes: 0 nothing differs, 1 something does, 2 the command line is wrong, or",
  "there is nothing to send, 4 one of the two does not answer, 130 Ctrl-C before",
  "anything differed.",
];

/** What the help of a command says before its flags. */
const ABOUT: Partial<Record<Command, readonly string[]>> = { explain: OF_A_REQUEST, check: OF_A_CHECK, diff: OF_A_DIFF, get: OF_A_LIST, logs: OF_REQUESTS, "migrate replay": OF_A_REPLAY };

const ABOUT_INGRESS_NGINX = [
  "",
  "Every flag of ingress-nginx is accepted; what has no effect here is said once at",
  "start, with the reason, and in docs/reference/flags.md.",
];

/** The default as text; empty where there is nothing to say. */
export function defaultOf(row: FlagRow<unknown>, command: Command): string {
  const ofDemo = command === "demo" ? row.demoDefault : undefined;
  if (ofDemo === undefined && row.defaultText !== undefined) return row.defaultText;
  const value = ofDemo ?? row.default;
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
