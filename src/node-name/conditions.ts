// What can be wrong with the node's name. Pure.

import { type Condition, conditionsOf, kind } from "../agent/conditions.ts";
import { disputeSentence, doubtSentence, type NodeNameAnswer } from "./node-name-answer.ts";

export const nodeNameConditions = {
  NodeNameDisputed: kind<{ readonly dispute: string }>({
    severity: "warning",
    title: "Two places name this node differently",
    impactsConnectivity: false,
    text: ({ dispute }) => `${dispute}. Under a wrong name the node can get another node's PodCIDR`,
  }),
  NodeNameUncertain: kind<{ readonly doubt: string }>({
    severity: "warning",
    title: "What the cluster calls this node is not certain",
    impactsConnectivity: false,
    text: ({ doubt }) => `${doubt}; \`headcni podcidr\` shows every place`,
  }),
} as const;

const condition = conditionsOf(nodeNameConditions);

export function nodeNameFaults(answer: NodeNameAnswer): readonly Condition[] {
  const dispute = disputeSentence(answer);
  const doubt = doubtSentence(answer);
  return [
    ...(dispute === undefined ? [] : [condition("NodeNameDisputed", { dispute })]),
    ...(doubt === undefined ? [] : [condition("NodeNameUncertain", { doubt })]),
  ];
}
