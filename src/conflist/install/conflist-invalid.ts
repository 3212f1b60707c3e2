// A conflist that must not be put in force.

import { type ConflistProblem, problemSentence } from "../../spec/problem.ts";
import { HeadcniError } from "../../sys/errors.ts";

/** Carries every problem, for callers that list them. */
export class ConflistInvalidError extends HeadcniError {
  override readonly name = "ConflistInvalidError";
  readonly problems: readonly ConflistProblem[];

  /** @param problems at least one */
  constructor(path: string, problems: readonly ConflistProblem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    const what = first === undefined ? "it is not valid" : `${problemSentence(first)}${more}`;
    super("HC_CONFLIST_INVALID", `Cannot put ${path} in force: ${what}`, { hint: first?.hint, details: { problems } });
    this.problems = problems;
  }
}
