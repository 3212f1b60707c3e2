// What the chain and the node's plan say of the node. Pure types.

import type { Plan } from "../node/plan.ts";
import type { Assignment, PodCIDRAnswer } from "../podcidr/answer.ts";

export interface NodePlan {
  readonly answer: PodCIDRAnswer;
  /** The one in force; undefined on a node HeadCNI has never seen. */
  readonly current: Assignment | undefined;
  readonly plan: Plan;
}
