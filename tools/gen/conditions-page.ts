// docs/reference/conditions.md.

import { declaredConditions } from "../../src/daemon/agents.ts";
import { agents } from "./agents.ts";
import { code, page, table } from "./markdown.ts";

export function conditionsPage(): string {
  const rows = Object.entries(declaredConditions(agents)).map(([name, { severity, title, impactsConnectivity }]) => {
    return [code(name), severity, title, impactsConnectivity ? "yes" : "no"];
  });
  return page(
    "Conditions",
    `the agents' ${code("conditions.ts")}`,
    "A condition is a bad state that lasts. The daemon's log, `headcni status`, `/status` and the metric `headcni_condition` show the same ones, with a text that says what was found on this node and what to do. With an `error` the node is not ready; with a `warning` it works and somebody should look. The last column says whether pods lack network because of it.",
    table(["code", "severity", "title", "affects pods"], rows),
  );
}
