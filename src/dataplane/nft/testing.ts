// Our table in an nft for tests: takes the scripts HeadCNI writes and lists them back as JSON. The real nft is held against it in
// test/dataplane.

import type { JsonObject, JsonValue } from "../../sys/json.ts";

/** The table as text, as a script declares it, after one more script. */
export function runFakeScript(table: string | undefined, script: string): string | undefined {
  const lines = script.split("\n").filter((line) => line !== "");
  const body = lines.indexOf("table inet headcni {");
  if (body >= 0) return lines.slice(body).join("\n");
  return lines.reduce(runLine, table);
}

/** `delete table inet headcni`, `add element inet headcni pods4 { 10.1.0.0/24, 10.1.1.0/24 }` */
function runLine(table: string | undefined, line: string): string | undefined {
  if (line.startsWith("delete table ")) return undefined;
  const [, verb, set = "", networks = ""] = /^(add|delete) element inet headcni (\S+) \{ (.*) \}$/.exec(line) ?? [];
  const there = elementsOf(table ?? "", set);
  const named = networks.split(", ");
  const next = verb === "add" ? [...there, ...named] : there.filter((each) => !named.includes(each));
  const elements = next.length === 0 ? "" : `    elements = { ${next.join(", ")} }\n`;
  const declared = new RegExp(`( {2}set ${set} \\{\\n.*\\n)(?: {4}elements.*\\n)?`);
  return (table ?? "").replace(declared, (_whole, head: string) => `${head}${elements}`);
}

function elementsOf(table: string, set: string): string[] {
  const found = new RegExp(`set ${set} \\{\\n.*\\n {4}elements = \\{ (.*) \\}`).exec(table);
  return found?.[1]?.split(", ") ?? [];
}

/** What `nft -j list table` prints of it. */
export function listFakeTable(table: string): string {
  const objects: JsonObject[] = [{ metainfo: { json_schema_version: 1 } }, { table: { name: "headcni" } }];
  let block = "";
  for (const line of table.split("\n")) {
    const [, kind, name = ""] = /^ {2}(set|chain) (\S+) \{$/.exec(line) ?? [];
    if (kind !== undefined) block = name;
    const [, type] = /^ {4}type (\S+); flags interval;$/.exec(line) ?? [];
    if (type !== undefined) objects.push({ set: { name: block, type, flags: ["interval"], ...elem(table, block) } });
    const [, prio] = /^ {4}type nat hook postrouting priority (\d+); policy accept;$/.exec(line) ?? [];
    if (prio !== undefined) {
      objects.push({ chain: { name: block, type: "nat", hook: "postrouting", prio: Number(prio), policy: "accept" } });
    }
    const [, comment] = / comment "(.*)"$/.exec(line) ?? [];
    if (comment !== undefined) objects.push({ rule: { chain: block, comment, expr: [] } });
  }
  return JSON.stringify({ nftables: objects });
}

function elem(table: string, set: string): { readonly elem?: JsonValue } {
  const elements = elementsOf(table, set).map((text): JsonValue => {
    const [addr = "", len = ""] = text.split("/");
    return len === "32" || len === "128" ? addr : { prefix: { addr, len: Number(len) } };
  });
  return elements.length === 0 ? {} : { elem: elements };
}
