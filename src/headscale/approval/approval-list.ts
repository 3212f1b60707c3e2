// All approvals of one node, as Headscale is sent them: it replaces the list it has by what it gets. So a list can only be made from one
// that was just read, and only PodCIDRs are added to it or taken from it: what is not ours is in it by construction. Pure.

import { type Prefix, tryParsePrefix } from "../../cidr/prefix.ts";
import type { HeadscaleNode } from "../headscale-node.ts";

export class ApprovalList {
  /** As Headscale writes them. */
  readonly routes: readonly string[];
  /** Whether it differs from what was read. */
  readonly isChanged: boolean;

  private constructor(routes: readonly string[], isChanged: boolean) {
    this.routes = Object.freeze([...routes]);
    this.isChanged = isChanged;
  }

  static of({ approved }: Pick<HeadscaleNode, "approved">): ApprovalList {
    return new ApprovalList(approved, false);
  }

  /** With these too; those that are in it already are not added a second time. */
  plus(added: readonly Prefix[]): ApprovalList {
    const missing = added.filter((prefix) => !isIn(this.routes, prefix));
    if (missing.length === 0) return this;
    return new ApprovalList([...this.routes, ...missing.map(String)], true);
  }

  /** Without exactly these. */
  minus(removed: readonly Prefix[]): ApprovalList {
    const left = this.routes.filter((route) => !removed.some((prefix) => isSame(route, prefix)));
    return left.length === this.routes.length ? this : new ApprovalList(left, true);
  }
}

/** Whether a route is in a list of Headscale's. */
export function isIn(routes: readonly string[], prefix: Prefix): boolean {
  return routes.some((route) => isSame(route, prefix));
}

function isSame(route: string, prefix: Prefix): boolean {
  return tryParsePrefix(route)?.equals(prefix) === true;
}
