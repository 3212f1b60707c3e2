// What can be wrong with freeing leases. Pure.

import { conditionsOf, type Failure, kind } from "../agent/conditions.ts";

export const leaseConditions = {
  LeasesNotFreed: kind<Pick<Failure, "why"> & { readonly runtime: string }>({
    severity: "warning",
    title: "Addresses of pods that are gone are not freed",
    impactsConnectivity: false,
    text: ({ why, runtime }) =>
      `${why}, and it alone knows which of its pods live. Start that runtime; if it is gone for good and all its pods with it, ` +
      `remove ${runtime}. It is asked again by itself`,
  }),
} as const;

export const condition = conditionsOf(leaseConditions);
