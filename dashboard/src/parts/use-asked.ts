/** An answer of the API as state: asked for again when one of the values changes. */
import { useEffect, useState } from "preact/hooks";
import { ask } from "../connection.ts";

export interface Asked<T> {
  /** The newest answer, of an earlier question perhaps. */
  readonly value: T | undefined;
  readonly problem: string;
}

/** Questions follow each other no faster than this. */
const APART_MS = 1000;

/** @param path "": nothing is asked. @param version asks again when it changes. */
export function useAsked<T>(path: string, query: Readonly<Record<string, string>>, version: string): Asked<T> {
  const [asked, setAsked] = useState<Asked<T> & { readonly question: string; readonly at: number }>({ value: undefined, problem: "", question: "", at: 0 });
  const question = `${path}?${new URLSearchParams(query).toString()}`;
  useEffect(() => {
    if (path === "") return;
    const ending = new AbortController();
    const look = async (): Promise<void> => {
      try {
        const value = await ask<T>(path, query, ending.signal);
        setAsked({ value, problem: "", question, at: Date.now() });
      } catch (error) {
        if (!ending.signal.aborted) setAsked((before) => ({ ...before, problem: (error as Error).message, question, at: Date.now() }));
      }
    };
    const wait = asked.question === question ? Math.max(0, asked.at + APART_MS - Date.now()) : 0;
    const timer = setTimeout(() => void look(), wait);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [question, version]);
  return asked.question === question ? asked : { value: undefined, problem: "" };
}
