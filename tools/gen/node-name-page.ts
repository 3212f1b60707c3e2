// docs/reference/node-name.md: the places of a node's name, in the order in which they are believed.

import type { Believer } from "../../src/node-name/node-name-answer.ts";
import { nodeNamePlaces } from "../../src/node-name/places.ts";
import { code, page, table } from "./markdown.ts";

const intro = `The places that say what a node is called, in this order; the first that says a name is taken. All are asked each time, and
[\`headcni podcidr\`](../podcidr.md#the-nodes-name) shows what each says.`;

const believers: Readonly<Record<Believer, string>> = {
  operator: "the operator, to HeadCNI",
  cluster: "the cluster goes by it",
  host: "the host, where nothing else is set",
};

export function nodeNamePage(): string {
  const rows = nodeNamePlaces(true).map(({ source, by, where }, at) => [String(at + 1), source, where, believers[by]]);
  return page(
    "The node's name",
    code("src/node-name/places.ts"),
    intro,
    table(["order", "place", "where it stands", "who says it"], rows),
  );
}
