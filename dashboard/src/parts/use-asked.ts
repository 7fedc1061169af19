/** An answer of the API as state: asked for again when one of the values changes. */
import { useEffect, useState } from "preact/hooks";
import { AGAIN_MS, ask } from "../connection.ts";

export interface Asked<T> {
  /** The newest answer, of an earlier question perhaps. */
  readonly value: T | undefined;
  readonly problem: string;
}

/** Questions follow each other no faster than this. */
const APART_MS = 1000;

/** @param version asks again when it grows. */
export function useAsked<T>(path: string, query: Readonly<Record<string, string>>, version: number): Asked<T> {
  const [tries, setTries] = useState(0);
  const [asked, setAsked] = useState<Asked<T> & { readonly question: string; readonly at: number }>({ value: undefined, problem: "", question: "", at: 0 });
  const question = `${path}?${new URLSearchParams(query).toString()}`;
  useEffect(() => {
    const ending = new AbortController();
    const look = async (): Promise<void> => {
      try {
        const value = await ask<T>(path, { ...query, version: String(version) }, ending.signal);
        setAsked({ value, problem: "", question, at: Date.now() });
      } catch (error) {
        if (ending.signal.aborted) return;
        setAsked((before) => ({ value: before.question === question ? before.value : undefined, problem: (error as Error).message, question, at: Date.now() }));
        timer = setTimeout(() => setTries(tries + 1), AGAIN_MS);
      }
    };
    const wait = asked.question === question ? Math.max(0, asked.at + APART_MS - Date.now()) : 0;
    let timer = setTimeout(() => void look(), wait);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [question, version, tries]);
  return asked.question === question ? asked : { value: undefined, problem: "" };
}
