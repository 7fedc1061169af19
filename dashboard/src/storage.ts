/** What the browser keeps for the page; for as long as the page is open, where the browser was told to keep nothing. */

export interface Kept {
  read(): string | null;
  write(value: string): void;
}

/** @param area looks the area up: to name it throws where it is blocked (HTML, "The localStorage getter"). */
export function kept(area: () => Storage, key: string): Kept {
  let own: string | null = null;
  return {
    read() {
      try {
        return area().getItem(key);
      } catch {
        return own;
      }
    },
    write(value) {
      own = value;
      try {
        area().setItem(key, value);
      } catch {
        // `own` has it.
      }
    },
  };
}
