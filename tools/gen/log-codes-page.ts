// docs/reference/log-codes.md.

import { logAreas } from "../../src/sys/log/log-codes.ts";
import { block, code, page, table } from "./markdown.ts";

const intro = `
Every line of level \`info\`, \`warn\` or \`error\` of the daemon's and the controller's log has a \`code\` that does not change between
versions; its words may. With \`logging.format: json\` a line is one object: \`level\`, \`time\`, \`code\`, what is named below, and
last the words, \`msg\`. With \`pretty\` the same stands below the words. A line that says why the process ended has the error's
code ([error codes](errors.md)). Lines of level \`debug\` are for developers and have none.`;

const search = `
journalctl -u headcni -o cat | jq -r 'select(.code == "PodCIDRFound") | [.time, .podCIDRs[], .source, .file] | @tsv'
kubectl -n NAMESPACE logs daemonset/headcni-daemon | jq 'select(.code == "ConditionRaised" and .level == "error")'`;

export function logCodesPage(): string {
  return page(
    "Log codes",
    code("src/sys/log/log-codes.ts"),
    intro,
    block("sh", search.trim()),
    ...Object.entries(logAreas).flatMap(([area, codes]) => [
      `## ${area}`,
      table(
        ["code", "what the line says"],
        Object.entries(codes).map(([name, meaning]) => [code(name), meaning]),
      ),
    ]),
  );
}
