// docs/reference/errors.md and exit-codes.md.

import { exitCodes } from "../../src/cli/exit.ts";
import { errorCodes } from "../../src/sys/error-codes.ts";
import { block, code, page, table } from "./markdown.ts";

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
    "## Errors for programs",
    "With `-o json` on the command line a command that fails prints nothing to standard output, and the last line on standard error is a JSON object. Warnings stand above it as text. A wrong command line is such an object too (`HC_USAGE`), wherever `-o json` stands in it. Codes 1 and, for `headcni config validate`, 3 come with an answer on standard output, unless there is none to give (`headcni status` without a daemon).",
    block(
      "json",
      '{"error":{"code":"HC_CONFIG_INVALID","message":"Cannot use the configuration: 1 problem","hint":"…","issues":[{"path":"network.mtu","message":"3 is less than 576, what IPv4 needs; write a number from 576 to 65535","file":"/etc/headcni/config.yaml","line":2}]}}',
    ),
    table(
      ["key", "what it is"],
      [
        [code("code"), "One of the [error codes](errors.md)"],
        [code("message"), "What went wrong; its words may change between versions"],
        [code("hint"), "What to do about it; left out where nothing is known"],
        [
          code("issues"),
          "Each thing that is wrong in a configuration or conflist: `path` of the key, `message`, and where they are known `hint`, `file`, `line`; left out where there are none",
        ],
      ],
    ),
  );
}
