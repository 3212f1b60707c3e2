// What can be wrong with freeing leases. Pure.

import { type Condition, conditionsOf, type Failure, kind } from "../agent/conditions.ts";
import { HeadcniError } from "../sys/errors.ts";

export const leaseConditions = {
  LeasesNotFreed: kind<Pick<Failure, "why"> & { readonly runtime: string; readonly isDeserted: boolean }>({
    severity: "warning",
    title: "Addresses of pods that are gone are not freed",
    impactsConnectivity: false,
    text: ({ why, runtime, isDeserted }) => {
      const remedy = isDeserted
        ? `Start that runtime; if it is gone for good and all its pods with it, remove ${runtime}`
        : "Its log says why";
      return `${why}, and it alone knows which of its pods live. ${remedy}. It is asked again by itself`;
    },
  }),
} as const;

export const condition = conditionsOf(leaseConditions);

/** What a sweep that freed nothing raises: a runtime that is there and does not answer. A node without one is as it shall be. */
export function runtimeUnasked(error: unknown): Condition | undefined {
  if (!(error instanceof HeadcniError) || error.code !== "HC_RUNTIME_UNASKED") return undefined;
  const { runtime, why, isDeserted } = error.details ?? {};
  if (typeof runtime !== "string" || typeof why !== "string") return undefined;
  return condition("LeasesNotFreed", { runtime, why, isDeserted: isDeserted === true });
}
