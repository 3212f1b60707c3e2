// The calls of Headscale's API that read and set nodes and their routes, each answer decoded. Which of them an instance has depends on its
// generation.

import type { JsonValue } from "../../sys/json.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import type { Generation } from "./generation.ts";
import { HeadscaleError } from "./headscale-error.ts";
import { decode, type NumberedRoute } from "./headscale-schema.ts";
import type { Rest, RestRequest } from "./rest-client.ts";

export interface Calls {
  readonly rest: Rest;
  /** One call whose answer is decoded. @throws HeadscaleError `answer` for one that lacks what it must have */
  ask<T>(request: RestRequest, decoder: (json: JsonValue) => T, signal: AbortSignal): Promise<T>;
  nodes(generation: Generation, signal: AbortSignal): Promise<readonly HeadscaleNode[]>;
  /** From 0.26 on. */
  node(id: string, signal: AbortSignal): Promise<HeadscaleNode>;
  /** From 0.26 on: replaces the approvals of a node. @returns those it has then */
  setApprovals(id: string, routes: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /** Up to 0.25. */
  routes(signal: AbortSignal): Promise<readonly NumberedRoute[]>;
  /** Up to 0.25. */
  switchRoute(route: NumberedRoute, to: "enable" | "disable", signal: AbortSignal): Promise<void>;
}

export function createCalls(rest: Rest): Calls {
  const ask: Calls["ask"] = async (request, decoder, signal) => {
    const json = await rest.json(request, signal);
    try {
      return decoder(json);
    } catch (cause) {
      const why = "its answer lacks what every Headscale says there, so nothing is done by it";
      throw new HeadscaleError({ url: rest.url, action: request.action, failure: "answer", why, cause });
    }
  };
  const routes: Calls["routes"] = (signal) =>
    ask({ path: "/api/v1/routes", action: "list the routes" }, decode.numberedRoutes, signal);
  return {
    rest,
    ask,
    routes,
    nodes: async (generation, signal) => {
      const request = { path: "/api/v1/node", action: "list the nodes" };
      if (generation !== "routes") return ask(request, decode.nodes, signal);
      const [nodes, all] = await Promise.all([ask(request, decode.bareNodes, signal), routes(signal)]);
      return nodes.map((node) => ({ ...node, ...routesOf(node.id, all) }));
    },
    node: (id, signal) => ask({ path: nodePath(id), action: `read node ${id}` }, decode.node, signal),
    setApprovals: async (id, list, signal) => {
      const action = `set the approved routes of node ${id}`;
      const path = `${nodePath(id)}/approve_routes`;
      return (await ask({ method: "POST", path, action, body: { routes: list } }, decode.node, signal)).approved;
    },
    switchRoute: async ({ id, nodeId, prefix }, to, signal) => {
      const path = `/api/v1/routes/${encodeURIComponent(id)}/${to}`;
      await rest.json({ method: "POST", path, action: `${to} ${prefix} of node ${nodeId}` }, signal);
    },
  };
}

function nodePath(id: string): string {
  return `/api/v1/node/${encodeURIComponent(id)}`;
}

function routesOf(
  id: string,
  all: readonly NumberedRoute[],
): Pick<HeadscaleNode, "available" | "approved" | "serving"> {
  const own = all.filter(({ nodeId }) => nodeId === id);
  const those = (isIncluded: (route: NumberedRoute) => boolean): string[] =>
    own.filter(isIncluded).map(({ prefix }) => prefix);
  return {
    available: those(({ isAdvertised }) => isAdvertised),
    approved: those(({ isEnabled }) => isEnabled),
    serving: those(({ isEnabled, isPrimary }) => isEnabled && isPrimary),
  };
}
