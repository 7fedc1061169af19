/** A field to search in a list with. */
import type { JSX } from "preact";

export function Search({ what, value, changed }: { readonly what: string; readonly value: string; readonly changed: (value: string) => void }): JSX.Element {
  return <input type="search" placeholder={`Search ${what} ( / )`} aria-label={`Search ${what}`} value={value} spellcheck={false} onInput={(event) => changed(event.currentTarget.value)} />;
}
