// flannel's configuration inside of text that is no document: a script that writes the ConfigMap, a manifest that is broken elsewhere.

import { isCommentLine } from "../readers/line-context.ts";
import type { Reader, TextLines } from "../readers/reader.ts";
import { type Statements, splitValues } from "../statements.ts";

export const flannelText: Reader = { format: "flannel's configuration in text", finds: {}, lines: stateNetworks };

const network = /(?:^|[{,\s])\\?"((?:IPv6)?Network)\\?"[ \t]*:[ \t]*\\?"([0-9A-Fa-f.:/]+)\\?"/;
/** Keys that only flannel's configuration has beside the network. */
const company = /"(?:Backend|(?:IPv6)?SubnetLen)\\?"/;
/** How many lines they may be away. */
const reach = 8;

function stateNetworks({ lines, lineOf }: TextLines, statements: Statements): void {
  // On its way to etcd a network was stated already.
  const stated = new Set(statements.list.flatMap(({ values }) => values.map(({ line, text }) => `${line} ${text}`)));
  for (const [index, line] of lines.entries()) {
    if (!line.includes("Network") || isCommentLine(line)) continue;
    const [, key = "", value = ""] = network.exec(line) ?? [];
    if (value === "") continue;
    const around = lines.slice(Math.max(0, index - reach), index + reach + 1);
    if (
      stated.has(`${lineOf(index)} ${value}`) ||
      !around.some((other) => !isCommentLine(other) && company.test(other))
    )
      continue;
    statements.add({ meaning: "cluster", key, values: splitValues(value, lineOf(index)) });
  }
}
