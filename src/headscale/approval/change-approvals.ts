// Adds approvals to those a node has, or takes back exactly some of them. Up to 0.25 each route is switched by its number, which touches
// no other. From 0.26 on the list is read, changed and sent whole; between the two nothing else is done, since what another approves in
// that time is lost.

import type { Prefix } from "../../cidr/prefix.ts";
import type { Calls } from "../rest/calls.ts";
import type { Generation } from "../rest/generation.ts";
import { HeadscaleError, type HeadscaleFailure } from "../rest/headscale-error.ts";
import { ApprovalList, isIn } from "./approval-list.ts";

export interface ChangeOptions {
  readonly generation: Generation;
  /** Of the node. */
  readonly id: string;
  readonly routes: readonly Prefix[];
}

/**
 * @returns the routes that were not approved before
 * @throws HeadscaleError `refused` when Headscale does not show a route as approved afterwards, `absent` when the node does not offer it
 */
export async function approveRoutes(
  calls: Calls,
  options: ChangeOptions,
  signal: AbortSignal,
): Promise<readonly Prefix[]> {
  if (options.generation === "routes") return switchRoutes(calls, options, { to: "enable", signal });
  const { id, routes } = options;
  const replaced = await replaceList(calls, { id, change: (list) => list.plus(routes) }, signal);
  if (replaced === undefined) return [];
  const missing = routes.filter((route) => !isIn(replaced.after, route));
  if (missing.length > 0) throw notShown(calls, { id, missing, failure: "refused" });
  return routes.filter((route) => !isIn(replaced.before, route));
}

/** @returns whether anything had to be changed */
export async function withdrawRoutes(calls: Calls, options: ChangeOptions, signal: AbortSignal): Promise<boolean> {
  if (options.generation === "routes")
    return (await switchRoutes(calls, options, { to: "disable", signal })).length > 0;
  const { id, routes } = options;
  return (await replaceList(calls, { id, change: (list) => list.minus(routes) }, signal)) !== undefined;
}

interface ReplaceOptions {
  readonly id: string;
  readonly change: (list: ApprovalList) => ApprovalList;
}

interface Replaced {
  /** The list as it was read, and as Headscale has it afterwards. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Undefined when nothing was to change. */
async function replaceList(
  calls: Calls,
  { id, change }: ReplaceOptions,
  signal: AbortSignal,
): Promise<Replaced | undefined> {
  const before = ApprovalList.of(await calls.node(id, signal));
  const list = change(before);
  if (!list.isChanged) return undefined;
  return { before: before.routes, after: await calls.setApprovals(id, list.routes, signal) };
}

/** @returns those that were switched */
async function switchRoutes(
  calls: Calls,
  { id, routes }: ChangeOptions,
  { to, signal }: { readonly to: "enable" | "disable"; readonly signal: AbortSignal },
): Promise<readonly Prefix[]> {
  const own = (await calls.routes(signal)).filter(({ nodeId }) => nodeId === id);
  const offered = own.map(({ prefix }) => prefix);
  const unknown = routes.filter((route) => !isIn(offered, route));
  if (to === "enable" && unknown.length > 0) throw notShown(calls, { id, missing: unknown, failure: "absent" });
  const due = own.filter(
    ({ prefix, isEnabled }) => isEnabled !== (to === "enable") && routes.some((route) => isIn([prefix], route)),
  );
  for (const route of due) await calls.switchRoute(route, to, signal);
  return routes.filter((route) => due.some(({ prefix }) => isIn([prefix], route)));
}

interface NotShown {
  readonly id: string;
  readonly missing: readonly Prefix[];
  readonly failure: HeadscaleFailure;
}

function notShown({ rest: { url } }: Calls, { id, missing, failure }: NotShown): HeadscaleError {
  const why = `it does not show ${missing.join(", ")} among the node's routes`;
  return new HeadscaleError({ url, action: `approve routes of node ${id}`, failure, why });
}
