/** Dark or light: as the system says, unless somebody chose. */
import { useEffect, useState } from "preact/hooks";
import { kept } from "./storage.ts";

const CHOICE = kept(() => localStorage, "sluice-theme");
const DARK = "(prefers-color-scheme: dark)";
export type Theme = "dark" | "light";

function chosen(): Theme | undefined {
  const theme = CHOICE.read();
  return theme === "dark" || theme === "light" ? theme : undefined;
}

/** The theme, and what changes to the other one. */
export function useTheme(): readonly [Theme, () => void] {
  const [choice, setChoice] = useState(chosen);
  const [system, setSystem] = useState<Theme>(() => (matchMedia(DARK).matches ? "dark" : "light"));
  useEffect(() => {
    const media = matchMedia(DARK);
    const changed = (): void => setSystem(media.matches ? "dark" : "light");
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, []);
  const theme = choice ?? system;
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const other = (): void => {
    const next = theme === "dark" ? "light" : "dark";
    CHOICE.write(next);
    setChoice(next);
  };
  return [theme, other];
}
