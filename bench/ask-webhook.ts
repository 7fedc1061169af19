/** Asks the admission webhook, as an API server does for one user: one question after the other over one connection. */
import { Agent, request } from "node:https";

export interface WebhookClient {
  /** Milliseconds until the answer has arrived. */
  ask(body: Buffer): Promise<number>;
  close(): void;
}

/** @param ca PEM: the webhook's certificate for `localhost`, or who signed it. */
export function webhookClient(port: number, ca: string): WebhookClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, servername: "localhost" });
  return {
    ask(body) {
      const begun = performance.now();
      return new Promise((resolve, reject) => {
        const asked = request({ host: "127.0.0.1", port, method: "POST", path: "/", agent, headers: { "content-length": body.length } }, (response) => {
          response.resume().on("end", () => resolve(performance.now() - begun)).on("error", reject);
        });
        asked.on("error", reject).end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

/** An AdmissionReview about a new Ingress `blog/web`. */
export function reviewOf(host: string, paths: readonly string[], annotations: Record<string, string> = {}): Buffer {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const object = {
    apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace: "blog", annotations },
    spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: paths.map((path) => ({ path, pathType: "Prefix", backend })) } }] },
  };
  const resource = { group: "networking.k8s.io", version: "v1", resource: "ingresses" };
  return Buffer.from(JSON.stringify({
    apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "u", operation: "CREATE", namespace: "blog", name: "web", resource, object },
  }));
}
