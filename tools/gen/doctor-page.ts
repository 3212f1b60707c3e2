// docs/reference/doctor.md: the checks, and the table of faults with what mends each.

import { declaredConditions } from "../../src/daemon/agents.ts";
import { groups } from "../../src/doctor/check.ts";
import { allChecks } from "../../src/doctor/checks/all-checks.ts";
import { type FaultCode, faultOf, faults } from "../../src/doctor/faults.ts";
import { agents } from "./agents.ts";
import { code, page, table } from "./markdown.ts";

const intro = `
\`headcni doctor\` asks each of these of the node it runs on and changes nothing. It works with the daemon down, and without root as
far as it can; what it cannot look at is \`not checked\`, with the reason. With \`--root\` files are those below the root; kernel and
tailscaled are those of the network namespace it runs in.

It ends with 0 when no check \`failed\`, also with warnings, with 1 when one did, and otherwise as every command
([exit codes](exit-codes.md)).`;

const document = `
\`headcni doctor -o json\` prints one object:

| key | holds |
|---|---|
| \`version\`, \`at\`, \`nodeName\` | HeadCNI's version, when (RFC 3339), the node; \`nodeName\` is null where it is not known |
| \`healthy\` | whether no check failed |
| \`counts\` | how many checks are \`ok\`, \`warning\`, \`failed\`, \`not-checked\` |
| \`checks[]\` | \`id\`, \`group\`, \`title\` of the table below, \`status\`, \`evidence\` (what was found, or why it was not checked; null where there are faults), \`faults[]\` |
| \`checks[].faults[]\` | \`code\` of the table below, \`status\` (\`warning\`, \`failed\`), \`evidence\`, \`remedy\` (a command) |

Keys can be added; those that are there stay. Its JSON Schema is [doctor.schema.json](doctor.schema.json).`;

export function doctorPage(): string {
  const declared = declaredConditions(agents);
  const checkRows = Object.entries(groups).flatMap(([group, title]) =>
    allChecks[group as keyof typeof groups].map((check) => [
      title,
      code(check.id),
      check.title,
      check.id === "daemon-conditions" ? "every condition" : check.codes.map(code).join(", "),
    ]),
  );
  const faultRows = (Object.keys(faults) as FaultCode[]).map((name) => {
    const { status, title, remedy } = faultOf(name);
    return [code(name), status, title ?? declared[name]?.title ?? "", code(remedy)];
  });
  return page(
    "What headcni doctor checks",
    code("src/doctor"),
    intro,
    "## Checks",
    table(["group", "check", "what it asks", "faults"], checkRows),
    "## Faults",
    "A fault that is also a [condition](conditions.md) is one the daemon raises by itself while it runs. Words in capitals in a remedy are to be replaced; where the doctor knows them, it prints them in their place.",
    table(["fault", "status", "what it is", "what mends it"], faultRows),
    "## The document",
    document,
  );
}
