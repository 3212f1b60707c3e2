// Decodes answers of Headscale's API, each generation's into the same values. What is only shown may be missing; a list of approvals may
// not: one that is not there is not an empty one, for it is what the next approval is made of. Loads its library with the module.

import * as z from "zod/mini";
import type { HeadscaleNode } from "../headscale-node.ts";

const text = z.catch(z.string(), "");
const texts = z.catch(z.array(z.string()), () => []);
const flag = z.catch(z.boolean(), false);
/** A number as text, or a number. */
const id = z.pipe(
  z.union([z.string(), z.number()]),
  z.transform((value) => String(value)),
);
/** Go writes a list without elements as null. */
const routes = z.pipe(
  z.nullable(z.array(z.string())),
  z.transform((list) => list ?? []),
);

const bareNode = z.object({
  id,
  name: text,
  givenName: text,
  ipAddresses: texts,
  online: flag,
  lastSeen: text,
  // Up to 0.28 those an operator or a key gave and those the node asked for; then one list.
  forcedTags: texts,
  validTags: texts,
  tags: texts,
});

const node = z.extend(bareNode, { availableRoutes: routes, approvedRoutes: routes, subnetRoutes: routes });

const route = z.object({
  id,
  node: z.nullish(z.object({ id })),
  prefix: z.string(),
  advertised: flag,
  enabled: flag,
  isPrimary: flag,
});

/** A route of up to 0.25, which has a number by which it is enabled. */
export interface NumberedRoute {
  readonly id: string;
  readonly nodeId: string;
  readonly prefix: string;
  readonly isAdvertised: boolean;
  readonly isEnabled: boolean;
  readonly isPrimary: boolean;
}

/** Each throws a ZodError when the answer is not what this call's is. */
export const decode = {
  node: (json: unknown): HeadscaleNode => toNode(z.parse(z.object({ node }), json).node),
  nodes: (json: unknown): readonly HeadscaleNode[] =>
    z.parse(z.object({ nodes: z.nullable(z.array(node)) }), json).nodes?.map(toNode) ?? [],
  /** Of up to 0.25, whose nodes have no routes. */
  bareNodes: (json: unknown): readonly HeadscaleNode[] =>
    z
      .parse(z.object({ nodes: z.nullable(z.array(bareNode)) }), json)
      .nodes?.map((found) => toNode({ ...found, availableRoutes: [], approvedRoutes: [], subnetRoutes: [] })) ?? [],
  numberedRoutes: (json: unknown): readonly NumberedRoute[] =>
    (z.parse(z.object({ routes: z.nullable(z.array(route)) }), json).routes ?? []).map((found) => ({
      id: found.id,
      nodeId: found.node?.id ?? "",
      prefix: found.prefix,
      isAdvertised: found.advertised,
      isEnabled: found.enabled,
      isPrimary: found.isPrimary,
    })),
  users: (json: unknown): readonly { readonly id: string; readonly name: string }[] =>
    z.parse(z.object({ users: z.nullable(z.array(z.object({ id, name: text }))) }), json).users ?? [],
  preAuthKey: (json: unknown): string =>
    z.parse(z.object({ preAuthKey: z.object({ key: z.string().check(z.minLength(1)) }) }), json).preAuthKey.key,
  policy: (json: unknown): string => z.parse(z.object({ policy: z.string() }), json).policy,
};

function toNode(found: z.output<typeof node>): HeadscaleNode {
  const { forcedTags, validTags, tags } = found;
  const seenMs = Date.parse(found.lastSeen);
  return {
    id: found.id,
    name: found.givenName || found.name,
    addresses: found.ipAddresses,
    tags: [...new Set([...forcedTags, ...validTags, ...tags])],
    isOnline: found.online,
    // Go's time that was never set is in the year 1.
    lastSeenMs: seenMs > 0 ? seenMs : undefined,
    available: found.availableRoutes,
    approved: found.approvedRoutes,
    serving: found.subnetRoutes,
  };
}
