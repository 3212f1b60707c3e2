// Where the node's PodCIDR and name come from, and whether the range is nobody else's.

import { sourceWords } from "../../node/adoption.ts";
import { nodeNameFaults } from "../../node-name/conditions.ts";
import { nodeNameSentence } from "../../node-name/node-name-answer.ts";
import type { ErrorCode } from "../../sys/error-codes.ts";
import { ConfigError } from "../../sys/errors.ts";
import { type Check, type Finding, faultsOr } from "../check.ts";
import { errorWords, faultsOf } from "../evidence.ts";
import type { FaultCode } from "../faults.ts";

const nameCodes = ["NodeNameUnusable", "NodeNameDisputed", "NodeNameUncertain"] as const;
const sourceCodes = [
  "PodCIDRUnusable",
  "PodCIDRNotAuthoritative",
  "NodeNotListed",
  "SourceFilesSkipped",
  "PodCIDRRefused",
  "PodCIDRSourceLost",
  "PodCIDRChangeBlocked",
  "NodeObjectDiffers",
] as const;
const rangeCodes = ["PodCIDRClash", "PodCIDRQuestionable", "ClusterCIDROverlaps", "NetworksUnknown"] as const;

export const podCIDRChecks: readonly Check[] = [
  {
    id: "node-name",
    title: "The name of this node is known",
    codes: nameCodes,
    look: (node) =>
      unless("NodeNameUnusable", async () => {
        const answer = await node.nodeName();
        return faultsOr(faultsOf(nodeNameFaults(answer), nameCodes), nodeNameSentence(answer));
      }),
  },
  {
    id: "podcidr-source",
    title: "Something says this node's PodCIDR",
    codes: sourceCodes,
    look: (node) =>
      unless("PodCIDRUnusable", async () => {
        const { plan, answer } = await node.node();
        const { effective } = plan.adoption;
        const faults = faultsOf(plan.conditions, sourceCodes).map((fault) => {
          const [skipped] = answer.trace.flatMap(({ file, outcome }) => (outcome === "invalid" ? (file ?? []) : []));
          if (fault.code !== "SourceFilesSkipped" || skipped === undefined) return fault;
          return { ...fault, remedy: `headcni podcidr inspect ${skipped}` };
        });
        return faultsOr(faults, `${effective.podCIDRs} from ${sourceWords(effective)}`);
      }),
  },
  {
    id: "podcidr-range",
    title: "The PodCIDR is nobody else's on this node",
    codes: rangeCodes,
    look: async (node) => {
      const { plan } = await node.node();
      const { podCIDRs } = plan.adoption.effective;
      return faultsOr(faultsOf(plan.conditions, rangeCodes), `${podCIDRs} overlaps no address or route of this node`);
    },
  },
];

/** Which check an operator's value is looked at by: others only say that they could not go on. */
const faultCodes: ReadonlyMap<ErrorCode, readonly FaultCode[]> = new Map([
  ["HC_NODE_NAME", ["NodeNameUnusable"]],
  ["HC_PODCIDR_CONFIG", ["PodCIDRUnusable"]],
  ["HC_PODCIDR_ENV", ["PodCIDRUnusable"]],
]);

/** The finding, or the fault that an error of the operator's values is. */
async function unless(code: FaultCode, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ConfigError) || !faultCodes.get(error.code)?.includes(code)) throw error;
    return { kind: "faults", faults: [{ code, evidence: errorWords(error) }] };
  }
}
