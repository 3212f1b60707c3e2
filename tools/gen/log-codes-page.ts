// docs/reference/log-codes.md.

import { logAreas } from "../../src/sys/log/log-codes.ts";
import { block, code, page, table } from "./markdown.ts";

const intro = `
Every line of level \`info\`, \`warn\` or \`error\` of the daemon's and the controller's log has a \`code\` that does not change between
versions; its words may. With \`logging.format: json\` a line is one object: \`level\`, \`time\`, \`code\`, what is named below, and
last the words, \`msg\`. With \`pretty\` the same stands below the words. A line that says why the process ended has the error's
code ([error codes](errors.md)). Lines of level \`debug\` are for developers and have none.`;

const repeats = `
The first line of a code and text is written at once. The same again is held back for ten minutes and counted, then written with
\`repeated\`: how often it came meanwhile. It is written earlier before another line of the area (a table below), and once the area
has been quiet for ten seconds when the log's last word on it is not what happened last. A line that was held back has the time at
which it was written. Nothing is held back that would be missed when the process ends.`;

const search = `
journalctl -u headcni -o cat | jq -r 'select(.code == "PodCIDRFound") | [.time, .podCIDRs[], .source, .file] | @tsv'
kubectl -n NAMESPACE logs daemonset/headcni-daemon | jq 'select(.code == "ConditionRaised" and .level == "error")'`;

export function logCodesPage(): string {
  return page(
    "Log codes",
    code("src/sys/log/log-codes.ts"),
    intro,
    block("sh", search.trim()),
    "## Lines that repeat",
    repeats,
    ...Object.entries(logAreas).flatMap(([area, codes]) => [
      `## ${area}`,
      table(
        ["code", "what the line says"],
        Object.entries(codes).map(([name, meaning]) => [code(name), meaning]),
      ),
    ]),
  );
}
