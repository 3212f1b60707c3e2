// Says in the log when packets prove this node's route, and when they do no longer.

import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Log } from "../../sys/log/log.ts";
import type { OwnVerdict } from "./verdict.ts";

interface OwnProof {
  readonly podCIDRs: PodCIDRs;
  readonly own: OwnVerdict;
}

/** @param last what was proven before; undefined at the start and while there was no tailnet */
export function announceProof(log: Log, { podCIDRs, own }: OwnProof, last: OwnProof | undefined): void {
  const was = last?.podCIDRs.equals(podCIDRs) === true ? last.own.route : "unknown";
  const { route, asked, answered } = own;
  if (route === was) return;
  const fields = { podCIDRs: podCIDRs.toJSON(), asked, answered };
  if (route === "live") log.info("RouteProven", `Other nodes answer what pods of ${podCIDRs} would send`, fields);
  else if (route !== "unknown") log.info("RouteUnproven", `No packet comes back to ${podCIDRs} (${route})`, fields);
}
