/** The text of `sluice --help`. */
export const USAGE = `Sluice is a Kubernetes Ingress controller with nginx as its engine.

Usage: sluice COMMAND [flags]

Commands:
  run         serve the Ingresses of a cluster, or of a folder of manifests
  demo        serve a small example, or a folder, with backends of its own
  explain     say where a request goes, and whose line decides it
  check       say what is wrong in manifests, without serving them
  diff        say what a change of manifests changes, before it is applied
  get         list routes, hosts, backends, certificates, canaries, findings, profiles
  logs        show requests as they end, with the reason and the Ingress
  top         show requests, errors and latency of each route as they are now
  rollout     show how far releases of canaries are; pause, resume, abort them
  wait        wait until an Ingress is served as it is now, or a release is over
  migrate     move from ingress-nginx: what it means (report), what differs (replay)
  agent       run nginx in a container of its own, for a controller beside it
  secret      make the manifest of a Secret: a certificate, or users
  rbac        print the Roles that reading the Secrets in use, and no others, takes
  stop        stop the Sluice that runs with a runtime folder
  completion  make bash, zsh or fish complete all this

"sluice COMMAND --help" lists the flags of a command, and its exit codes: 0 where all is well, 1 where something is found
or fails, 2 where the command line is wrong. "sluice --version" (-v) prints the version.

Examples:
  sluice run --manifests=./k8s --http-port=8080 --https-port=8443
  sluice explain http://shop.example/cart --manifests=./k8s
  sluice check ./k8s
`;
