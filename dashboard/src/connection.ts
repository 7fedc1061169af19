/**
 * Asks the Sluice that the page comes from.
 *
 * A token is kept for this tab alone (session storage) and sent with each request. It is never part of an address.
 */

import { kept } from "./storage.ts";

/** Whoever asks has to show a token, or another one. */
export class TokenNeeded extends Error {}

/** Milliseconds after which a question that failed is asked again. */
export const AGAIN_MS = 3000;

const API = "api/";
const TOKEN = kept(() => sessionStorage, "sluice-token");
/** What can be a token. A browser sends no header with other characters, and Sluice takes none. */
const SENDABLE = /^[\x21-\x7e]{1,8192}$/;

export function keepToken(token: string): void {
  TOKEN.write(token.trim());
}

export function hasToken(): boolean {
  return TOKEN.read() !== null;
}

async function send(path: string, signal?: AbortSignal, body?: string): Promise<Response> {
  const token = TOKEN.read();
  if (token !== null && !SENDABLE.test(token)) throw new TokenNeeded("the token has characters that no token has");
  const response = await fetch(`${API}${path}`, { ...(signal ? { signal } : {}), ...(body === undefined ? {} : { method: "POST", body }), cache: "no-store", headers: token === null ? {} : { authorization: `Bearer ${token}` } });
  if (response.status === 401) throw new TokenNeeded("a token is needed");
  if (!response.ok) throw new Error((await response.text()).trim() || `HTTP status ${response.status}`);
  return response;
}

/** The answer's JSON. Throws TokenNeeded, or an Error with the sentence of the answer. */
export async function ask<T>(path: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<T> {
  const response = await send(`${path}?${new URLSearchParams(query).toString()}`, signal);
  return (await response.json()) as T;
}

/** As `ask`, with a body of JSON. */
export async function post<T>(path: string, body: object): Promise<T> {
  const response = await send(path, undefined, JSON.stringify(body));
  return (await response.json()) as T;
}

/**
 * Reads the stream of events until it ends or `signal` aborts; throws as `ask` does when it cannot be opened. It is read by
 * `fetch`, because an EventSource sends no token.
 */
export async function readEvents(query: Readonly<Record<string, string>>, told: (event: string, data: unknown) => void, signal: AbortSignal): Promise<void> {
  const response = await send(`events?${new URLSearchParams(query).toString()}`, signal);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const messages = text.split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(message) ?? [];
      if (event !== undefined && data !== undefined) told(event, JSON.parse(data));
    }
  }
}
