// A file's text to claims: takes it apart into documents, finds each one's kind and hands it to that kind's reader.

import { isCniConfig, readCniConfig } from "../readers/cni-config.ts";
import { documentType, type NestedText, type NodeEntry, type ReadContext } from "../readers/context.ts";
import { isK3sConfig, readBareKeys } from "../readers/k3s.ts";
import { claimPaths, type PathRule } from "../readers/key-paths.ts";
import { readKubeadm } from "../readers/kubeadm.ts";
import { readNode, settleNodes } from "../readers/node-object.ts";
import { isNetConf, isSubnetEnv, readNetConf, readSubnetEnv } from "../readers/subnet-env.ts";
import { hasContainers, readWorkload } from "../readers/workload.ts";
import { splitDocuments, type TextDocument } from "../text/documents.ts";
import { at, child, entriesOf, has, itemsOf, type Tree } from "../text/tree.ts";
import { readLoosely } from "./any-document.ts";
import { findClusterSpec, readClusterSpec, readUntypedSpec } from "./cluster-specs.ts";
import { type LineScanOptions, scanLines } from "./line-scan.ts";
import { Claims } from "./statements.ts";

/** What a text says, unjudged. */
export interface Reading {
  /** What the file is, in one word: `kubeadm`, `node`, `kubeconfig`, `unknown` … */
  readonly kind: string;
  readonly claims: Claims;
}

const maxNesting = 4;
const cutOutNode: readonly PathRule[] = [
  { path: "spec.podCIDR", meaning: "node" },
  { path: "spec.podCIDRs", meaning: "node" },
];
/** Whose objects have keys that look like Kubernetes' own and mean other things, or describe keys. */
const foreignGroups = /(?:^|\.)(?:projectcalico\.org|cilium\.io|apiextensions\.k8s\.io)$/;
const kubeadmKinds = /^(Cluster|Master|Init|Join|Node)Configuration$/;

/** Reads any text. Never throws. */
export function readText(text: string, nodeName: string | undefined): Reading {
  const reader = new TextReader(text, nodeName);
  const kinds = reader.read({ text, line: 1, bodyLine: 1, name: "" });
  settleNodes(reader.nodes, nodeName, reader.claims);
  return { kind: commonKind(kinds), claims: reader.claims };
}

/** One word for a file of several documents: the word they share, else the first that says something. */
function commonKind(kinds: readonly string[]): string {
  const said = kinds.filter((kind) => kind !== "empty");
  const known = said.filter((kind) => kind !== "unknown" && kind !== "object");
  return known[0] ?? said[0] ?? "empty";
}

type ScanPlace = Pick<LineScanOptions, "firstLine" | "isOneLine">;

class TextReader implements ReadContext {
  readonly claims = new Claims();
  readonly nodes: NodeEntry[] = [];
  readonly #nodeName: string | undefined;
  /** Objects read already: an alias makes the same one stand in many places. */
  readonly #seen = new Set<Tree>();
  /** How much text inside documents may still be read, for the same reason: without aliases a file has no more at any depth. */
  #nestedBudget: number;
  #depth = 0;
  /** Whether the text is a part of a file that can be anybody's: a value of a ConfigMap. */
  #isShared = false;

  constructor(text: string, nodeName: string | undefined) {
    this.#nestedBudget = maxNesting * text.length;
    this.#nodeName = nodeName;
  }

  nested(text: NestedText): void {
    if (this.#depth >= maxNesting || text.text.length > this.#nestedBudget) return;
    this.#nestedBudget -= text.text.length;
    // One line without a colon or brace is no document; most of a ConfigMap's values are such.
    if (!/[:{]/.test(text.text) && text.isFile !== true) return;
    const wasShared = this.#isShared;
    this.#isShared ||= text.isFile !== true;
    this.read(text);
    this.#isShared = wasShared;
  }

  read(source: NestedText): readonly string[] {
    if (source.text.trim() === "") return ["empty"];
    this.#depth += 1;
    try {
      return this.#readAll(source);
    } finally {
      this.#depth -= 1;
    }
  }

  #readAll(source: NestedText): readonly string[] {
    const isOneLine = source.bodyLine === undefined;
    // No YAML can have such a line: it is documentation or a log, of which only keys with one meaning count.
    if (/^(?:```|~~~)/m.test(source.text)) {
      const at = { firstLine: source.bodyLine ?? source.line, isOneLine };
      return [this.#scan(source.text, { why: undefined, isInvalid: false }, at)];
    }
    if (isSubnetEnv(source.text)) {
      readSubnetEnv(source.text, this.claims, source.bodyLine ?? source.line);
      return ["subnet-env"];
    }
    const kinds: string[] = [];
    for (const document of splitDocuments(source.text)) {
      const lineOf = (line: number): number =>
        source.bodyLine === undefined ? source.line : source.bodyLine + line - 1;
      if (document.tree === undefined) {
        if (document.text === undefined) continue;
        kinds.push(this.#scan(document.text, document, { firstLine: lineOf(document.line), isOneLine }));
      } else kinds.push(this.#readTree(source.bodyLine === 1 ? document.tree : moveLines(document.tree, lineOf)));
    }
    return kinds.length === 0 ? ["empty"] : kinds;
  }

  /** Text that is no YAML map or list. In a ConfigMap it is prose or a script, and counts for nothing. */
  #scan(text: string, { why, isInvalid }: Pick<TextDocument, "why" | "isInvalid">, at: ScanPlace): string {
    if (this.#isShared) return "unknown";
    const { firstLine } = at;
    const { found, isYaml } = scanLines(text, this.claims, { ...at, nodeName: this.#nodeName });
    const isBroken = why !== undefined && isYaml;
    const rest = found.length > 0 ? ": only what stands on lines of its own was read" : "";
    // A script in a string was never meant to be YAML.
    if (this.#depth > 1) return "text";
    if (isBroken) this.claims.remark(`${why}${rest}`, firstLine);
    for (const { key, items } of found) this.claims.remark(`${key} was read by its line alone`, items[0]?.line);
    return !isBroken ? "text" : isInvalid ? "invalid-yaml" : "unknown";
  }

  #readTree(tree: Tree): string {
    if (tree.kind === "list") {
      const before = this.claims.claims.length;
      const isTyped = (item: Tree): boolean => item.kind === "map" && documentType(item).kind !== "";
      for (const item of tree.items) if (isTyped(item)) this.#readTree(item);
      if (!this.#isShared) readLoosely({ ...tree, items: tree.items.filter((item) => !isTyped(item)) }, this);
      // The items of a list that was too long to be parsed whole.
      if (tree.items.length > 0 && tree.items.every(isTyped)) return "list";
      return this.claims.claims.length > before ? "settings" : "unknown";
    }
    if (tree.kind === "scalar") return "text";
    return this.#readTyped(tree) ?? this.#readUntyped(tree);
  }

  /**
   * A document with a kind; undefined when it has none.
   * @param listed the kind an item has by its list, for items that leave it out.
   */
  #readTyped(tree: Tree, listed = ""): string | undefined {
    const said = documentType(tree);
    const type = said.kind === "" ? { ...said, kind: listed } : said;
    const { group, kind } = type;
    if (kind === "") return undefined;
    if (this.#seen.has(tree)) return "object";
    this.#seen.add(tree);
    if (group.startsWith("kubeadm.k8s.io") || (group === "" && kubeadmKinds.test(kind))) {
      readKubeadm(tree, this);
      return "kubeadm";
    }
    const spec = findClusterSpec(type);
    if (spec !== undefined) {
      readClusterSpec(spec, tree, this);
      return spec.name;
    }
    if (group === "" && kind === "Node") {
      readNode(tree, this);
      return "node";
    }
    if (kind.endsWith("List") && child(tree, "items")?.kind === "list") {
      for (const item of itemsOf(child(tree, "items"))) this.#readTyped(item, kind.slice(0, -"List".length));
      return kind === "NodeList" ? "node-list" : "list";
    }
    if (group === "" && kind === "ConfigMap") {
      this.#readConfigMap(tree);
      return "config-map";
    }
    if (kind === "Config" && (has(tree, "clusters") || has(tree, "users") || has(tree, "contexts")))
      return "kubeconfig";
    if (hasContainers(tree)) {
      readWorkload(tree, this);
      return kind === "Pod" ? "pod" : "workload";
    }
    // A values file can have a key `kind` that means something else.
    if (said.kind !== "" && !has(tree, "apiVersion")) return undefined;
    if (!this.#isShared && !foreignGroups.test(group)) readLoosely(tree, this);
    return "object";
  }

  #readConfigMap(tree: Tree): void {
    for (const { key, value } of entriesOf(child(tree, "data"))) {
      if (value.kind === "scalar" && value.text !== undefined) {
        this.nested({ text: value.text, line: value.line, bodyLine: value.bodyLine, name: key });
      }
    }
  }

  /** A document without a kind. Inside another document it could be anybody's, unless its shape is one we know. */
  #readUntyped(tree: Tree): string {
    if (isBareKubeconfig(tree)) return "kubeconfig";
    if (isNetConf(tree)) {
      readNetConf(tree, this.claims);
      return "flannel-net-conf";
    }
    if (isCniConfig(tree)) {
      // In a ConfigMap it is every node's, so whatever range it has is not this node's.
      if (this.#depth === 1) readCniConfig(tree, this);
      return "conflist";
    }
    if (this.#isShared) return "unknown";
    const spec = readUntypedSpec(tree, this);
    if (spec !== undefined) return spec;
    const nodeSpec = child(tree, "spec");
    if (has(nodeSpec, "podCIDR") || has(nodeSpec, "podCIDRs")) {
      // With a name it can be somebody else's; without, it is a part of a Node that somebody cut out.
      if (at(tree, "metadata", "name") !== undefined) readNode(tree, this);
      else claimPaths(this.claims, tree, cutOutNode);
      return "node";
    }
    const before = this.claims.claims.length;
    readBareKeys(tree, this);
    readLoosely(tree, this);
    if (isK3sConfig(tree)) return "k3s";
    return this.claims.claims.length > before ? "settings" : "unknown";
  }
}

/** A kubeconfig that lacks `kind`, as client libraries accept it. */
function isBareKubeconfig(tree: Tree): boolean {
  const parts = ["clusters", "contexts", "users"].filter((key) => child(tree, key)?.kind === "list");
  return parts.length > 1 || (parts.length > 0 && has(tree, "current-context"));
}

/** The same tree with other line numbers. Shared parts (aliases) stay shared. */
function moveLines(tree: Tree, lineOf: (line: number) => number): Tree {
  const moved = new Map<Tree, Tree>();
  const move = (here: Tree): Tree => {
    const done = moved.get(here);
    if (done !== undefined) return done;
    const line = lineOf(here.line);
    const there: Tree =
      here.kind === "scalar"
        ? {
            ...here,
            line,
            bodyLine: here.bodyLine === undefined ? undefined : lineOf(here.bodyLine),
            unfolded: here.unfolded === undefined ? undefined : { ...here.unfolded, line: lineOf(here.unfolded.line) },
            spread: here.spread === undefined ? undefined : { ...here.spread, line: lineOf(here.spread.line) },
          }
        : here.kind === "list"
          ? { kind: "list", line, items: here.items.map(move) }
          : {
              kind: "map",
              line,
              entries: here.entries.map(({ key, line: at, value }) => ({ key, line: lineOf(at), value: move(value) })),
            };
    moved.set(here, there);
    return there;
  };
  return move(tree);
}
