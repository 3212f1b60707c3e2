// What `kubectl describe nodes` prints: text for people, in which every node has a block of its own that begins with `Name:`.

import type { NodeEntry, ReadContext, Reader } from "../readers/reader.ts";
import { Statements, splitValues } from "../statements.ts";
import { looksLikeAddress } from "../usable.ts";

export const describedNodes: Reader = {
  format: "nodes as `kubectl describe` prints them",
  finds: {},
  text(text, context, firstLine) {
    if (!beginsWithNode.test(text)) return undefined;
    readNodes(text, context, firstLine);
    return "node";
  },
};

/** Pods and others have a `Name:` too, but no `Roles:` behind it. A prompt with the command may stand before. */
const beginsWithNode =
  /^\s{0,20}(?:[^\n]{0,200}[$#] kubectl describe [^\n]{0,200}\n\s{0,20})?Name:[ \t]{1,60}\S{1,253}[ \t]{0,20}\nRoles?:/;
const namedLine = /^Name:[ \t]+(\S+)[ \t]*$/;
const rangeLine = /^(PodCIDRs?):[ \t]+(\S+)[ \t]*$/;

function readNodes(text: string, context: ReadContext, firstLine: number): void {
  let node: NodeEntry | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const at = firstLine + index;
    const name = namedLine.exec(line)?.[1];
    if (name !== undefined) {
      node = { name, line: at, statements: new Statements() };
      context.nodes.push(node);
    }
    const [, key = "", value = ""] = rangeLine.exec(line) ?? [];
    const values = splitValues(value, at).filter((item) => looksLikeAddress(item.text));
    if (key !== "") node?.statements.add({ meaning: "node", key, values, by: "api-server" });
  }
}
