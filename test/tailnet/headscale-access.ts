// Headscale as what approves uses it, and as a person does at its command line: the lab's, and a real one.

import type { Node } from "../harness/node.ts";
import { type Headscale, policyOf } from "../harness/tailnet/headscale.ts";
import type { LabTailnet } from "../lab/lab.ts";

export interface HeadscaleAccess {
  /** Makes the API reachable from the node, and gives what `headscale.url` is there. */
  reach(node: Node): Promise<string>;
  /** The same under a certificate of its own CA; undefined where it has none. */
  readonly secure: { readonly url: string; readonly caPem: string } | undefined;
  makeApiKey(): Promise<string>;
  revokeApiKey(key: string): Promise<void>;
  /** Has the policy approve routes in these ranges, and no others. */
  setPolicy(...approves: readonly string[]): Promise<void>;
  /** By hand, the whole list. */
  approve(node: Node, routes: readonly string[]): Promise<void>;
  /** What the node offers, and what of all is approved. */
  routes(node: Node): Promise<{ readonly available: readonly string[]; readonly approved: readonly string[] }>;
}

export function labHeadscale({ control, rest }: LabTailnet): HeadscaleAccess {
  const find = ({ name }: Node) => control.nodes().find((one) => one.name === name);
  const reached = new Set<Node>();
  return {
    reach: async (node) => {
      if (!reached.has(node)) await rest.listenIn(node);
      reached.add(node);
      return control.url;
    },
    secure: { url: rest.secureURL, caPem: rest.caPem },
    makeApiKey: async () => rest.makeKey(),
    revokeApiKey: async (key) => rest.revokeKey(key),
    setPolicy: async (...approves) => control.setApproves(...approves),
    approve: async (node, routes) => control.approve(find(node)?.id ?? 0, routes),
    routes: async (node) => {
      const { advertised = [], approved = [] } = find(node) ?? {};
      return { available: advertised, approved };
    },
  };
}

interface ListedNode {
  readonly id: number | string;
  readonly name: string;
  readonly available_routes?: readonly string[] | null;
  readonly approved_routes?: readonly string[] | null;
}

export function realHeadscale(control: Headscale): HeadscaleAccess {
  const find = async (node: Node): Promise<ListedNode | undefined> => {
    const listed: ListedNode[] = JSON.parse(await control.cli("nodes", "list", "-o", "json")) ?? [];
    return listed.find(({ name }) => name === node.name);
  };
  return {
    reach: async () => control.url,
    secure: undefined,
    makeApiKey: async () =>
      (await control.cli("apikeys", "create", "--expiration", "24h")).trim().split("\n").at(-1) ?? "",
    revokeApiKey: async (key) => {
      const listed: { prefix: string }[] = JSON.parse(await control.cli("apikeys", "list", "-o", "json"));
      // As its list shows it, it may be cut.
      const found = listed
        .map(({ prefix }) => prefix.replace(/^hskey-api-|-?\*+$/g, ""))
        .find((one) => key.includes(one));
      await control.cli("apikeys", "expire", "--prefix", found ?? "");
    },
    setPolicy: (...approves) => control.setPolicy(policyOf(...approves)),
    approve: async (node, routes) => {
      const id = String((await find(node))?.id);
      await control.cli("nodes", "approve-routes", "--identifier", id, "--routes", routes.join(","));
    },
    routes: async (node) => {
      const { available_routes, approved_routes } = (await find(node)) ?? {};
      return { available: available_routes ?? [], approved: approved_routes ?? [] };
    },
  };
}
