// The conflist this node wants, found exactly as the daemon finds it: configuration, the runtime's folders, PodCIDR chain,
// and what live pods already hold on to.

import { diffInstall, type InstallDiff } from "../../conflist/install/install-diff.ts";
import { renderConflist } from "../../conflist/render.ts";
import { sourceWords } from "../../node/adoption.ts";
import { nodeFacts, observeKernel } from "../../node/observe.ts";
import { type Plan, planNode } from "../../node/plan.ts";
import { resolveNodeName } from "../../node-name/resolve.ts";
import { choosePodCIDR } from "../../podcidr/chain.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import type { NodeFlags } from "./conflist-flags.ts";
import { type NodeDirs, readNodeDirs } from "./node-dirs.ts";

export interface WantedConflist extends NodeDirs {
  readonly text: string;
  readonly plan: Plan;
  /** The PodCIDRs and who says so, for a person. */
  readonly podCIDRs: string;
}

/** What the daemon would write here; whatever stands against it goes to standard error. @throws ConfigError */
export async function findWanted(context: CliContext, flags: NodeFlags): Promise<WantedConflist> {
  const node = await readNodeDirs(context, flags);
  const { system, loaded } = node;
  const { config } = loaded;
  const { name: nodeName } = resolveNodeName(system, { flag: flags.nodeName, loaded });
  const observed = await observeKernel(system);
  const facts = nodeFacts(system, config.cni.confDir, observed);
  if (loaded.conflict !== undefined && facts.current === undefined) throw loaded.conflict;
  const answer = choosePodCIDR(system, { nodeName, config: loaded }, facts);
  for (const warning of answer.warnings) context.warn(`warning: ${printable(warning)}\n`);
  const plan = planNode({ config, answer, current: facts.current, ...observed });
  for (const { text } of plan.adoption.conditions) context.warn(`warning: ${printable(text)}\n`);
  const { effective } = plan.adoption;
  const podCIDRs = printable(`${effective.podCIDRs} from ${sourceWords(effective)}`);
  return { ...node, text: renderConflist(plan.conflist), plan, podCIDRs };
}

/** What an installation of it would have to do. @throws HeadcniError HC_CONFLIST_WRITE, HC_FILE_READ */
export function diffWanted({ system, loaded, text }: WantedConflist): InstallDiff {
  return diffInstall(system, new TextEncoder().encode(text), loaded.config.cni);
}
