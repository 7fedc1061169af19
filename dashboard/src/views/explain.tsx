/** Why a request gets its answer: what `sluice explain --live` says. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ExplainedText } from "../../../src/dashboard/shapes.ts";
import { post } from "../connection.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export function ExplainView({ url: given }: { readonly url: string }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const [answer, setAnswer] = useState<ExplainedText | undefined>(undefined);
  const [waiting, setWaiting] = useState(false);
  const explain = async (): Promise<void> => {
    if (!form.current) return;
    setWaiting(true);
    try {
      const { request, all } = requestOf(new FormData(form.current));
      setAnswer(await post<ExplainedText>(all ? "explain?all" : "explain", request));
    } catch (error) {
      setAnswer({ text: (error as Error).message, problem: true });
    }
    setWaiting(false);
  };
  useEffect(() => {
    if (given !== "") void explain();
  }, [given]);
  return (
    <section>
      <h1>Why that answer?</h1>
      <form ref={form} class="card ask" onSubmit={(event) => {
        event.preventDefault();
        void explain();
      }}>
        <label class="wide">Address <input name="url" type="text" required defaultValue={given} placeholder="https://shop.example/cart" spellcheck={false} autocomplete="off" /></label>
        <label>Method <select name="method">{METHODS.map((method) => <option key={method}>{method}</option>)}</select></label>
        <label>Cookie <input name="cookie" type="text" placeholder="name=value" autocomplete="off" /></label>
        <label>Client address <input name="client" type="text" placeholder="203.0.113.7" autocomplete="off" /></label>
        <label class="wide">Headers, one a line <textarea name="headers" rows={2} placeholder="X-Canary: always" spellcheck={false} /></label>
        <label class="check"><input name="all" type="checkbox" /> all rules of the host</label>
        <button type="submit" disabled={waiting}>Explain</button>
      </form>
      {answer ? <pre class={`card answer ${answer.problem ? "bad" : ""}`} role="status" tabIndex={0}>{answer.text}</pre> : <p class="soft">Nothing is sent: Sluice says where such a request goes, what its workers answer to that, and what became of the last ones.</p>}
    </section>
  );
}

function requestOf(fields: FormData): { readonly request: object; readonly all: boolean } {
  const textOf = (name: string): string => String(fields.get(name) ?? "").trim();
  const [url, cookie, client] = [textOf("url"), textOf("cookie"), textOf("client")];
  const headers = textOf("headers").split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const request = {
    url: /^(?:[a-z][a-z0-9+.-]*:\/\/|\/)/i.test(url) ? url : `http://${url}`, method: textOf("method"),
    headers: [...headers, ...(cookie === "" ? [] : [`Cookie: ${cookie}`])], ...(client === "" ? {} : { client }),
  };
  return { request, all: fields.get("all") !== null };
}
