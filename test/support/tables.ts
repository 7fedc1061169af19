/** The edge's tables with all that a Program says. */
import type { Tables } from "../../edge/src/tables.ts";
import type { Program } from "../../src/compile/program.ts";
import { tablesOfParts } from "../../src/explain/tables.ts";

export function tablesOf({ parts }: Program): Tables {
  return tablesOfParts(parts.values());
}
