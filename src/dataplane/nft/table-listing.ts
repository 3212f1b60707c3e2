// Our table as `nft -j list table` prints it, and what has to be done to it to make it the wanted one. Pure.

import { familyBits, tryParseAddr } from "../../cidr/addr.ts";
import { Prefix } from "../../cidr/prefix.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import { keepSourceChain, type NftTable, renderTable, setType, tableName } from "./nft-table.ts";

export interface TableListing {
  /** Chains with their rules' comments and sets without their elements, one line each, in the order of their names. */
  readonly shape: readonly string[];
  /** By set; undefined where a set has elements that HeadCNI would not write. */
  readonly networks: ReadonlyMap<string, readonly Prefix[] | undefined>;
}

/** Undefined for what nft did not print as JSON. */
export function parseTable(text: string): TableListing | undefined {
  const objects = listedObjects(text);
  if (objects === undefined) return undefined;
  const rules = objects.flatMap(({ rule }) => (isJsonObject(rule) ? [rule] : []));
  const shape = objects.flatMap(({ chain, set, rule, table, metainfo, ...other }) => {
    if (isJsonObject(chain)) {
      const comments = rules.flatMap((each) => (each.chain === chain.name ? [String(each.comment)] : []));
      return [chainLine({ ...chain, comments })];
    }
    if (isJsonObject(set)) return [setLine(set)];
    // Maps, flow tables, counters: HeadCNI writes none.
    return Object.keys(other);
  });
  const networks = objects.flatMap(({ set }) =>
    isJsonObject(set) ? [[String(set.name), toNetworks(set.elem)] as const] : [],
  );
  return { shape: shape.toSorted(), networks: new Map(networks) };
}

/** The objects of what `nft -j list` printed. */
export function listedObjects(text: string): readonly JsonObject[] | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (!isJsonObject(json) || !Array.isArray(json.nftables)) return undefined;
    return json.nftables.filter(isJsonObject);
  } catch {
    // An nft that was built without JSON, or none at all.
    return undefined;
  }
}

function chainLine({ name, type, hook, prio, policy, comments }: JsonObject): string {
  return ["chain", name, type, hook, prio, policy, comments].join(" ");
}

/** Newer versions print a single flag without a list round it. */
function setLine({ name, type, flags }: JsonObject): string {
  return ["set", name, type, Array.isArray(flags) ? flags.join() : flags].join(" ");
}

function toNetworks(elements: JsonValue | undefined): readonly Prefix[] | undefined {
  if (elements === undefined) return [];
  const networks = Array.isArray(elements) ? elements.map(toNetwork) : [];
  const known = networks.filter((network) => network !== undefined);
  return known.length === networks.length ? known : undefined;
}

/** `"10.9.0.1"` or `{"prefix": {"addr": "10.244.1.0", "len": 24}}`. */
function toNetwork(element: JsonValue): Prefix | undefined {
  const prefix = isJsonObject(element) ? element.prefix : { addr: element };
  if (!isJsonObject(prefix) || typeof prefix.addr !== "string") return undefined;
  const addr = tryParseAddr(prefix.addr);
  if (addr === undefined) return undefined;
  const bits = prefix.len ?? familyBits(addr.family);
  return typeof bits === "number" ? new Prefix(addr, bits) : undefined;
}

/** The peers' PodCIDRs for which the listed table keeps sources; undefined when it keeps none. */
export function listedPeers({ shape, networks }: TableListing): readonly Prefix[] | undefined {
  if (!shape.some((line) => line.startsWith(`chain ${keepSourceChain} `))) return undefined;
  const listed = (name: string): readonly Prefix[] =>
    ["4", "6"].flatMap((suffix) => networks.get(`${name}${suffix}`) ?? []);
  const own = listed("own");
  return listed("pods").filter((network) => !own.some((each) => each.equals(network)));
}

/**
 * What `nft -f` has to be given: undefined when the listed table is the wanted one; elements that come and go when nothing else
 * differs, so that a change of one peer among many does not write all of them anew; else the whole table.
 */
export function tableScript(listed: TableListing | undefined, wanted: NftTable | undefined): string | undefined {
  if (wanted === undefined) return listed === undefined ? undefined : `delete table ${tableName}\n`;
  if (listed === undefined || !isSame(listed.shape, shapeOf(wanted))) return renderTable(wanted);
  const changes = wanted.sets.map(({ name, networks }) => {
    const there = listed.networks.get(name);
    return there === undefined ? undefined : elementChanges(name, there, networks);
  });
  if (changes.includes(undefined)) return renderTable(wanted);
  // What goes first: a network that is in the place of smaller ones must not overlap them.
  const lines = [
    ...changes.flatMap((change) => change?.gone ?? []),
    ...changes.flatMap((change) => change?.come ?? []),
  ];
  return lines.length === 0 ? undefined : `${lines.join("\n")}\n`;
}

function shapeOf({ chains, sets, mark }: NftTable): readonly string[] {
  const lines = [
    ...chains.map(({ name, priority, rules }) =>
      chainLine({
        name,
        type: "nat",
        hook: "postrouting",
        prio: priority,
        policy: "accept",
        comments: rules.map(() => mark),
      }),
    ),
    ...sets.map(({ name, family }) => setLine({ name, type: setType(family), flags: "interval" })),
  ];
  return lines.toSorted();
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}

function elementChanges(name: string, there: readonly Prefix[], wanted: readonly Prefix[]) {
  const command = (verb: string, networks: readonly Prefix[]): string[] =>
    networks.length === 0 ? [] : [`${verb} element ${tableName} ${name} { ${networks.join(", ")} }`];
  return { gone: command("delete", without(there, wanted)), come: command("add", without(wanted, there)) };
}

function without(networks: readonly Prefix[], others: readonly Prefix[]): readonly Prefix[] {
  const known = new Set(others.map(String));
  return networks.filter((network) => !known.has(network.toString()));
}
