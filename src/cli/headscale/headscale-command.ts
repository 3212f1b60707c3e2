// `headcni headscale …`: the tree of its commands. Each is loaded when it runs.

import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { addExamples, configOption, outputOption, rootOption } from "../options.ts";
import type { ApproveFlags } from "./approve-command.ts";
import type { PolicyFlags } from "./policy-command.ts";
import type { WithdrawFlags } from "./withdraw-command.ts";

export function addHeadscaleCommands(program: Command, context: CliContext): void {
  const headscale = program
    .command("headscale")
    .helpCommand(false)
    .description("have Headscale approve the cluster's PodCIDRs, and take approvals back");
  const policy = headscale
    .command("policy")
    .description(
      "print what the tailnet's policy must say for this cluster, or check one; ends with 1 when something is missing",
    )
    .option("--check <file>", 'policy file to check; "-" is standard input')
    .option("--live", "check the policy that Headscale shows by its API")
    .option("--owner <user>", "user that the nodes' keys belong to, who may give the tags", "k8s@")
    .addOption(clusterOption())
    .addOption(tagsOption())
    .addOption(configOption())
    .addOption(outputOption(["text", "json"]))
    .addOption(rootOption())
    .action(async (flags: PolicyFlags) => (await import("./policy-command.ts")).policyCommand(context, flags));
  addExamples(policy, "headcni headscale policy", "headcni headscale policy --check /etc/headscale/policy.hujson");
  const approve = headscale
    .command("approve")
    .description("approve PodCIDRs that nodes of the cluster offer; ends with 1 when one of them may not be")
    .argument("[node...]", "names or numbers of nodes (default: all)")
    .option("--dry-run", "say what would be done, and do nothing")
    .addOption(clusterOption())
    .addOption(tagsOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (nodes: readonly string[], flags: ApproveFlags) =>
      (await import("./approve-command.ts")).approveCommand(context, nodes, flags),
    );
  addExamples(approve, "headcni headscale approve --dry-run", "headcni headscale approve worker-3");
  const withdraw = headscale
    .command("withdraw")
    .description("take back approvals of PodCIDRs; asks before, and lists stale ones where no node is named")
    .argument("[node...]", "names or numbers of nodes (default: none; what is stale is listed)")
    .option("--stale", "of nodes that have been offline for long, and of PodCIDRs that are not offered any more")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--yes", "do not ask")
    .addOption(clusterOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (nodes: readonly string[], flags: WithdrawFlags) =>
      (await import("./withdraw-command.ts")).withdrawCommand(context, nodes, flags),
    );
  addExamples(withdraw, "headcni headscale withdraw", "headcni headscale withdraw worker-3 --yes");
}

function clusterOption(): Option {
  return new Option(
    "--cluster-cidr <cidr>",
    "the cluster's CIDR, one of each family (default: network.podCIDR.base, else what this node's files say)",
  );
}

function tagsOption(): Option {
  return new Option("--node-tags <tags>", "tags of the cluster's nodes (default: tailscale.nodeTags)");
}
