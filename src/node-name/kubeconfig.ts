// Who a kubeconfig speaks as: the user of its current context. Nothing else leaves the file, which may hold a private key. Pure.

import { splitDocuments, type TextDocument } from "../podcidr/text/documents.ts";
import { at, child, itemsOf, type Tree, textAt } from "../podcidr/text/tree.ts";

export interface KubeconfigUser {
  readonly name: string;
  readonly line: number;
  /** Path of its certificate, as written: relative to the kubeconfig's directory perhaps. */
  readonly certificateFile: string | undefined;
  /** Its certificate itself, in PEM. */
  readonly certificate: string | undefined;
}

/** Undefined when the text is no kubeconfig, or its current context names no user of it. */
export function readKubeconfigUser(text: string): KubeconfigUser | undefined {
  const trees = splitDocuments(text).flatMap(({ tree }: TextDocument) => tree ?? []);
  const config = trees.find((tree) => child(tree, "users") !== undefined);
  const context = named(child(config, "contexts"), textAt(config, "current-context"));
  const name = textAt(context, "context", "user");
  const user = named(child(config, "users"), name);
  if (name === undefined || user === undefined) return undefined;
  const data = textAt(user, "user", "client-certificate-data");
  return {
    name,
    line: child(user, "name")?.line ?? user.line,
    // Both are allowed, and the data counts then, as the kubelet has it.
    certificateFile: data === undefined ? textAt(user, "user", "client-certificate") : undefined,
    certificate: data === undefined ? undefined : decode(data),
  };
}

/** Names that kubeadm's files give a node, each with its line: of `nodeRegistration` in what `init` and `join` read. */
export function readNodeRegistrations(text: string): readonly { readonly name: string; readonly line: number }[] {
  return splitDocuments(text).flatMap(({ tree }) => {
    const kind = textAt(tree, "kind");
    const name = textAt(tree, "nodeRegistration", "name");
    const line = at(tree, "nodeRegistration", "name")?.line;
    const isKnown = kind === "InitConfiguration" || kind === "JoinConfiguration";
    return isKnown && name !== undefined && line !== undefined ? [{ name, line }] : [];
  });
}

function named(list: Tree | undefined, name: string | undefined): Tree | undefined {
  return name === undefined ? undefined : itemsOf(list).find((item) => textAt(item, "name") === name);
}

function decode(base64: string): string | undefined {
  const text = base64.replaceAll(/\s/g, "");
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return isBase64 ? new TextDecoder("latin1").decode(Uint8Array.fromBase64(text)) : undefined;
}
