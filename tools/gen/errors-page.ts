// docs/reference/errors.md and exit-codes.md.

import { exitCodes } from "../../src/cli/exit.ts";
import { errorCodes } from "../../src/sys/error-codes.ts";
import { code, page, table } from "./markdown.ts";

export function errorsPage(): string {
  return page(
    "Error codes",
    code("src/sys/error-codes.ts"),
    "Every expected failure has a code that does not change between versions. It stands in the daemon's log (`code` of the line that says why it ended); the command line prints the sentence and the remedy, and ends with one of the [exit codes](exit-codes.md).",
    table(
      ["code", "what happened"],
      Object.entries(errorCodes).map(([name, meaning]) => [code(name), meaning]),
    ),
  );
}

export function exitCodesPage(): string {
  return page(
    "Exit codes",
    code("src/cli/exit.ts"),
    "Of the command line and of the daemon. As a CNI plugin the executable ends with 0 or 1, as the CNI specification wants it.",
    table(
      ["code", "meaning"],
      Object.values(exitCodes).map(({ code: number, meaning }) => [String(number), meaning]),
    ),
  );
}
