// Kubernetes' objects that say nothing by themselves: lists and ConfigMaps, which carry other documents, and kubeconfigs, which hold
// keys and in which nothing is looked for.

import { child, entriesOf, has, itemsOf, type Tree } from "../text/tree.ts";
import type { Reader } from "./reader.ts";

export const lists: Reader = {
  format: "a List",
  finds: {},
  object(tree, context, { kind }) {
    if (!kind.endsWith("List") || child(tree, "items")?.kind !== "list") return undefined;
    for (const item of itemsOf(child(tree, "items"))) context.item(item, kind.slice(0, -"List".length));
    return kind === "NodeList" ? "node-list" : "list";
  },
};

export const configMaps: Reader = {
  format: "a ConfigMap",
  finds: {},
  object(tree, context, { group, kind }) {
    if (group !== "" || kind !== "ConfigMap") return undefined;
    for (const { value } of entriesOf(child(tree, "data"))) {
      if (value.kind !== "scalar" || value.text === undefined) continue;
      context.nested({ text: value.text, line: value.line, bodyLine: value.bodyLine });
    }
    return "config-map";
  },
};

export const kubeconfig: Reader = {
  format: "a kubeconfig",
  finds: {},
  object: (tree, _, { kind }) =>
    kind === "Config" && kubeconfigKeys.some((key) => has(tree, key)) ? "kubeconfig" : undefined,
  plain: (tree) => (isBareKubeconfig(tree) ? "kubeconfig" : undefined),
};

const kubeconfigKeys = ["clusters", "contexts", "users"] as const;

/** A kubeconfig that lacks `kind`, as client libraries accept it. */
export function isBareKubeconfig(tree: Tree): boolean {
  const parts = kubeconfigKeys.filter((key) => child(tree, key)?.kind === "list");
  return parts.length > 1 || (parts.length > 0 && has(tree, "current-context"));
}
