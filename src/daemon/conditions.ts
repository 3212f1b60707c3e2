// What can be wrong with the status server. Pure.

import { conditionsOf, type Failure, kind } from "../agent/conditions.ts";

export const serverConditions = {
  StatusServerNotListening: kind<Failure & { readonly listen: string }>({
    severity: "warning",
    title: "Status and metrics are not served",
    impactsConnectivity: false,
    text: ({ listen, why }) =>
      `Nothing answers on ${listen}: ${why}. Free the address or set monitoring.listen; it is tried again by itself`,
  }),
} as const;

export const condition = conditionsOf(serverConditions);
