// What can be wrong with the kernel's rules. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../agent/conditions.ts";

export const dataplaneConditions = {
  MasqueradeNotApplied: kind<Failure>({
    severity: "error",
    title: "The masquerade rules are not as configured",
    impactsConnectivity: true,
    text: ({ why, hint }) => `${why}. ${asSentence(hint ?? "it is tried again by itself")}`,
  }),
} as const;

export const condition = conditionsOf(dataplaneConditions);
