/** Text with variables, parsed on the controller, put together here. */

/** `texts[0] + variable(names[0]) + texts[1] + …`: one text more than names. */
export interface Template {
  texts: string[];
  names: string[];
}

/** Value of an nginx variable, by its name without `$`. */
export type Variable = (this: void, name: string) => string | undefined;

/** A variable that is missing is empty. */
export function evaluate(template: Template, variable: Variable): string {
  const { texts, names } = template;
  let out = texts[0] as string;
  for (let i = 0; i < names.length; i++) out = out + (variable(names[i] as string) ?? "") + (texts[i + 1] as string);
  return out;
}
