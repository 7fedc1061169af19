/** What the help and the manual page say of each command beside its flags. */
import type { Command } from "./table.ts";

/** Commands that have a help: those with flags, and `completion`. */
export type DescribedCommand = Command | "completion";

export interface CommandText {
  readonly usage: string;
  readonly summary: string;
  /** Paragraphs. */
  readonly about?: readonly string[];
  readonly exits: readonly (readonly [code: number, meaning: string])[];
  readonly examples: readonly string[];
}

const WRONG = [2, "the command line is wrong"] as const;
const WRONG_OR_UNREAD = [2, "the command line is wrong, or nothing could be read"] as const;
const SERVED = [[0, "it was told to stop"], [1, "it could not start, or not go on"], WRONG] as const;

export const COMMAND_TEXTS: Readonly<Record<DescribedCommand, CommandText>> = {
  run: {
    usage: "sluice run [flags]",
    summary: "Serve the Ingresses of a cluster, or of a folder, until it is told to stop.",
    exits: SERVED,
    examples: [
      "sluice run --manifests=./k8s --http-port=8080 --https-port=8443",
      "sluice run --configmap=ingress/settings --default-backend-service=ingress/default-http-backend",
    ],
  },
  demo: {
    usage: "sluice demo [FOLDER…] [flags]",
    summary: "Serve examples/, or a folder, with backends of its own, until Ctrl-C.",
    exits: SERVED,
    examples: ["sluice demo", "sluice demo ./k8s", "sluice demo --http-port=9000 --https-port=9001"],
  },
  explain: {
    usage: "sluice explain URL [flags]\n       sluice explain --log='LINE' [flags]",
    summary: "Say where a request goes, and whose line decides it.",
    about: ["URL is http://…, https://…, tcp://:PORT or udp://:PORT; without a scheme it is http."],
    exits: [[0, "a backend or any answer but these"], [1, "nothing could be read"], WRONG, [3, "the answer is 404"], [4, "it is 503, no endpoint is ready, or with --live no Sluice answered"]],
    examples: [
      "sluice explain http://shop.example/cart --manifests=./k8s",
      "sluice explain http://shop.example/cart --live",
      "sluice explain http://shop.example/cart --gateway=shop/public --gateway-api --manifests=./k8s",
      "sluice explain https://shop.example/admin -X POST -H 'Cookie: a=b' -u ann:secret --client-ip=203.0.113.7",
    ],
  },
  check: {
    usage: "sluice check [FILE…] [FOLDER…] [-] [flags]",
    summary: "Say what is wrong in manifests, without serving them.",
    about: [
      "Files, and standard input (-), are judged as a cluster would have them: what a cluster adds (endpoints of Services) is not missed. With --manifests they are judged as \"sluice run\" with the same flag serves them; without files, the cluster is. \"sluice lint\" is the same command.",
    ],
    exits: [[0, "nothing is found that is as severe as --fail-on"], [1, "something is, or with --dry-run something would be rewritten"], WRONG_OR_UNREAD],
    examples: [
      "sluice check k8s/                                # all that is below",
      "helm template shop ./chart | sluice check -      # what a chart renders",
      "sluice check k8s/ --partial --fail-on=warning --output=github",
      "sluice check k8s/ --fix --dry-run                # what --fix would change, as a diff",
      "sluice check k8s/ --baseline=sluice-baseline.json --write-baseline   # only what is new counts from then on",
      "sluice check k8s/ --ignore=service-missing:Ingress/shop/web,path-type-missing",
    ],
  },
  diff: {
    usage: "sluice diff [OLD] NEW [flags]",
    summary: "Say what changes for those who ask, before it is applied.",
    about: ["OLD and NEW are files, folders, or standard input (-). Without OLD it is the cluster, and NEW the same with these files applied to it."],
    exits: [[0, "nothing changes for those who ask and no finding is new"], [1, "something does"], WRONG_OR_UNREAD],
    examples: [
      "sluice diff k8s.before/ k8s/                     # two folders or files",
      "sluice diff k8s/                                 # the cluster, and with the files applied to it",
      "helm template shop ./chart | sluice diff - --output=json",
      "sluice diff k8s.before/ k8s/ -o markdown >>$GITHUB_STEP_SUMMARY",
    ],
  },
  get: {
    usage: "sluice get KIND [NAME…] [flags]",
    summary: "List what is served: routes, hosts, backends, certs, canaries, findings.",
    about: [
      "KIND is one of routes, hosts, backends, certs, canaries, findings, profiles. A NAME is a host, an Ingress, a Service or a code, of which only these are listed. The Sluice of this machine is asked, or with --deployment or --pod one of a cluster; with --manifests, --kubeconfig, --context or --apiserver-host objects are read, and what would be served is listed. \"kubectl sluice get\" asks the cluster in place of this machine; --kubeconfig and --context then say which.",
    ],
    exits: [[0, "listed"], [1, "nothing could be read, or nothing has such a name"], WRONG, [4, "no Sluice answered, or there is no kubectl to ask one of a cluster"]],
    examples: ["sluice get routes", "sluice get routes shop.example -n shop -o wide", "sluice get certs --manifests=./k8s -o yaml", "sluice get canaries --watch"],
  },
  logs: {
    usage: "sluice logs [flags]",
    summary: "Show requests as nginx ended them, and why Sluice answered some itself.",
    about: ["The Sluice of this machine is asked, or with --deployment or --pod one of a cluster. Queries, headers and bodies are not in what it tells."],
    exits: [[0, "listed"], WRONG, [4, "no Sluice answered, or it ended, or there is no kubectl to ask one of a cluster"]],
    examples: ["sluice logs -f", "sluice logs -f --host=shop.example --status=5xx", "sluice logs --reason=any -n shop --output=json", "sluice logs -f --deployment=ingress-nginx/ingress-nginx-controller"],
  },
  top: {
    usage: "sluice top [flags]",
    summary: "Show requests, errors and latency of each route as they are now, until Ctrl-C.",
    about: ["The Sluice of this machine is asked, or with --deployment or --pod one of a cluster. Routes without a request in the interval are not shown. p50 and p99 are measured where it runs with --enable-metrics."],
    exits: [[0, "shown"], WRONG, [4, "no Sluice answered, or there is no kubectl to ask one of a cluster"]],
    examples: ["sluice top", "sluice top --sort=errors -n shop", "sluice top --host=shop.example --interval=10 --once", "sluice top -o json | jq .total"],
  },
  rollout: {
    usage: "sluice rollout list [flags]\n       sluice rollout status [ingress/NAMESPACE/NAME] [flags]\n       sluice rollout ACTION ingress/NAMESPACE/NAME [flags]",
    summary: "Show how far the releases of canaries are, and pause, resume or abort them.",
    about: [
      "A canary has a release where its Ingress has the annotation sluice.ingress/rollout; NAME is that of the canary's Ingress. status is drawn anew on a terminal until Ctrl-C.",
      "ACTION is one of: pause (the weight stays, and the canary is judged all the same); resume (it goes on, also where it failed and holds its weight); skip (to the next step now, without evidence); abort (the canary gets none by weight any more); restart (from the first step).",
      "The Sluice of this machine is asked, or with --deployment or --pod one of a cluster. An ACTION needs the token in its runtime folder, which the user that it runs as can read; without --runtime-dir it is asked for its folder.",
    ],
    exits: [[0, "shown, or done"], [1, "there is no such release, or it was refused"], WRONG, [4, "no Sluice answered, or there is no kubectl to ask one of a cluster"]],
    examples: ["sluice rollout list", "sluice rollout status ingress/shop/next", "sluice rollout pause ingress/shop/next", "sluice rollout abort next -n shop --deployment=ingress-nginx/ingress-nginx-controller", "sluice rollout status ingress/shop/next -o json | jq .weight"],
  },
  "migrate-report": {
    usage: "sluice migrate report [FILE…] [FOLDER…] [-] [flags]",
    summary: "Say what moving from ingress-nginx to Sluice means, and what to install.",
    about: [
      "Reads what ingress-nginx reads: files, folders, standard input (-), a cluster. Judges it with the arguments of ingress-nginx's own Deployment or DaemonSet if that is among the objects, and with the flags below if not; flags that are given win. Nothing is written, and no content of a Secret is told.",
    ],
    exits: [[0, "everything works, with differences perhaps"], [1, "something is refused or cannot be read"], WRONG_OR_UNREAD],
    examples: [
      "sluice migrate report k8s/ ingress-nginx.yaml    # files",
      "kubectl get ing,svc,endpointslices,cm,secret,deploy,ds,ingressclass -A -o yaml | sluice migrate report -",
      "sluice migrate report --context=prod             # a cluster, with rights to read",
      "sluice migrate report --context=prod -o html >report.html",
      "sluice migrate report --context=prod --values >values.yaml",
    ],
  },
  "migrate-replay": {
    usage: "sluice migrate replay --log=FILE --against=URL --and=URL [flags]",
    summary: "Send the requests of an access log to two controllers, and say what differs.",
    about: [
      "Both get each request at the same time, over a connection of its own; nothing is sent anywhere else, and no redirect is followed. What differs is sent again, to tell backends apart whose answers vary by themselves. Requests that came over TLS go to the same listener as the others unless --against-https and --and-https are given; with https://… in --against and --and all go over TLS. An answer may take ten seconds. Ctrl-C prints what is known so far.",
    ],
    exits: [[0, "nothing differs"], [1, "something does"], [2, "the command line is wrong, or there is nothing to send"], [4, "one of the two does not answer"], [130, "Ctrl-C before anything differed"]],
    examples: [
      "sluice migrate replay --log=access.log --host=shop.example --against=http://10.0.0.1:80 --and=http://10.0.0.2:80",
      "sluice migrate replay --log=access.log --log-format='$host $scheme $request' --against=http://10.0.0.1 --against-https=https://10.0.0.1 --and=http://127.0.0.1:8080 --and-https=https://127.0.0.1:8443",
      "kubectl logs -n ingress-nginx deploy/ingress-nginx-controller | sluice migrate replay --log=- --limit=1000 --host=shop.example --against=https://10.0.0.1 --and=https://127.0.0.1:8443 -o json",
    ],
  },
  rbac: {
    usage: "sluice rbac --service-account=NAMESPACE/NAME [flags]",
    summary: "Print the Roles that an account needs to read the Secrets in use, and no others.",
    exits: [[0, "printed"], [1, "nothing could be read"], WRONG],
    examples: [
      "sluice rbac --service-account=ingress-nginx/ingress-nginx | kubectl apply -f -",
      "sluice rbac --service-account=ingress-nginx/ingress-nginx --manifests=examples --output=json",
    ],
  },
  stop: {
    usage: "sluice stop [flags]",
    summary: "Stop the Sluice that runs with this runtime folder.",
    exits: [[0, "nothing runs there any more"], [1, "what runs there belongs to another user, or does not end"], WRONG],
    examples: ["sluice stop --runtime-dir=/run/sluice"],
  },
  wait: {
    usage: "sluice wait KIND/NAMESPACE/NAME [flags]",
    summary: "Return when an object is served as it is now, or a release is over.",
    about: ["KIND is ingress, gateway, listenerset, httproute or grpcroute.", "--for=rollout waits for the release of a canary: first until the Ingress is served as it is now, then until its release is ready to promote, or has failed. New pods begin a release when they are ready: wait for those before."],
    exits: [[0, "the object is programmed; the release is ready to promote, or promoted"], [1, "not in time"], WRONG, [3, "as it is now it never will be: absent, not ours, refused; the release failed or was aborted, or there is none"], [4, "no Sluice answered, or there is no kubectl to ask one of a cluster"]],
    examples: ["sluice wait ingress/shop/web", "sluice wait httproute/shop/cart --timeout=10s --output=json", "sluice wait ingress/shop/next --for=rollout --timeout=2h"],
  },
  secret: {
    usage: "sluice secret tls NAME --cert=FILE --key=FILE [flags]\n       sluice secret htpasswd NAME [FILE] [--user=NAME…] [flags]",
    summary: "Print the manifest of a Secret: a certificate with its key, or users.",
    about: [
      "tls: the certificate, followed by those that signed it, and its key, which is not encrypted; both PEM. What is wrong is told before it is served.",
      "htpasswd: users for the annotation auth-secret. FILE is one that htpasswd made, or standard input (-). With --user lines are made: passwords are asked for, or read from standard input, a line for each user in their order. They are stored as SHA-512 of crypt(3).",
    ],
    exits: [[0, "printed"], [1, "what was given cannot be served"], [2, "the command line is wrong, or a file cannot be read"]],
    examples: [
      "sluice secret tls shop-tls --cert=fullchain.pem --key=privkey.pem -n shop > k8s/shop-tls.yaml",
      "sluice secret htpasswd users --user=ann --user=bob > k8s/users.yaml",
      "sluice secret htpasswd users .htpasswd -o json | kubectl apply -f -",
    ],
  },
  agent: {
    usage: "sluice agent [flags]",
    summary: "Run nginx for a controller in another container.",
    exits: SERVED,
    examples: ["sluice agent --runtime-dir=/run/sluice     # and beside it: sluice run --external-agent --runtime-dir=/run/sluice"],
  },
  completion: {
    usage: "sluice completion bash|zsh|fish",
    summary: "Print what makes a shell complete the commands of sluice, their flags and values.",
    exits: [[0, "printed"], WRONG],
    examples: [
      "source <(sluice completion bash)                # in ~/.bashrc",
      "source <(sluice completion zsh)                 # in ~/.zshrc",
      "sluice completion fish | source                 # in config.fish",
    ],
  },
};
