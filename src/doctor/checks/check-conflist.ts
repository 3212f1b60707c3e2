// The conflist: there, in a directory that can be written to, well formed, as it should be, and the one the runtime takes.

import { diffInstall } from "../../conflist/install/install-diff.ts";
import { findPreferred, lookInForce } from "../../conflist/precedence.ts";
import { renderConflist } from "../../conflist/render.ts";
import { formProblems } from "../../conflist/validate/validate.ts";
import { condition } from "../../node/conditions.ts";
import { pluginsLost } from "../../node/conflist-step.ts";
import { problemSentence } from "../../spec/problem.ts";
import { expected } from "../../sys/errors.ts";
import { dirname } from "../../sys/fs/path.ts";
import { whyUnwritable } from "../../sys/fs/unwritable.ts";
import { type Check, type Fault, type Finding, faultsOr, notChecked, well } from "../check.ts";
import { errorWords, faultsOf, isForbidden } from "../evidence.ts";
import type { Examination } from "../examination.ts";

export const conflistChecks: readonly Check[] = [
  {
    id: "conflist-file",
    title: "HeadCNI's CNI configuration is there and well formed",
    codes: ["ConflistAbsent", "ConflistNotWritten", "ConflistInvalid"],
    look: lookAtFile,
  },
  {
    id: "conflist-content",
    title: "It says what this node's should",
    codes: ["ConflistDiffers"],
    look: lookAtContent,
  },
  {
    id: "conflist-in-force",
    title: "The runtime takes it before all others",
    codes: ["OtherConfigPreferred", "MetaPluginUnclear", "ConflistAccess"],
    look: lookAtOthers,
  },
  {
    id: "conflist-chained",
    title: "Pods have what the network before gave them (portmap)",
    codes: ["ChainedPluginsLost"],
    look: lookForChained,
  },
];

async function lookAtFile(node: Examination): Promise<Finding> {
  const { path, text } = await node.conflist();
  const confDir = dirname(path);
  const refused = whyUnwritable(node.system.files.hostPath(confDir));
  const faults: Fault[] = [];
  if (refused !== undefined && !isForbidden(node.system, refused.why)) {
    const { why, hint } = refused;
    const remedy = `ls -ld ${confDir}; findmnt -T ${confDir}`;
    faults.push({ code: "ConflistNotWritten", evidence: errorWordsOf(confDir, why, hint), remedy });
  }
  if (text === undefined) {
    faults.push({ code: "ConflistAbsent", evidence: `${path} does not exist, so no pod gets a network from HeadCNI` });
    return { kind: "faults", faults };
  }
  const problems = formProblems(text);
  if (problems.length > 0) {
    faults.push({ code: "ConflistInvalid", evidence: condition("ConflistInvalid", { path, problems }).text });
  }
  return faultsOr(faults, `${path} is well formed`);
}

function errorWordsOf(confDir: string, why: string, hint: string | undefined): string {
  return `nothing can be written to ${confDir}: ${why}${hint === undefined ? "" : ` (${hint})`}`;
}

async function lookAtContent(node: Examination): Promise<Finding> {
  const { path, text } = await node.conflist();
  if (text === undefined) return notChecked(`${path} does not exist`);
  const [{ config }, { plan }] = await Promise.all([node.config(), node.node()]);
  try {
    const wanted = new TextEncoder().encode(renderConflist(plan.conflist));
    const { reason } = diffInstall(node.system, wanted, config.cni);
    if (reason === "same" || reason === "mode" || reason === "owner") return well(`${path} is as it should be`);
    const evidence = `${path} is not what the PodCIDR ${plan.adoption.effective.podCIDRs} and the configuration make of it`;
    return { kind: "faults", faults: [{ code: "ConflistDiffers", evidence }] };
  } catch (error) {
    expected(error);
    return { kind: "faults", faults: [{ code: "ConflistDiffers", evidence: errorWords(error) }] };
  }
}

async function lookAtOthers(node: Examination): Promise<Finding> {
  const [{ config }, { path, text }] = await Promise.all([node.config(), node.conflist()]);
  const { confDir, otherConfigs: setting } = config.cni;
  const preferred = findPreferred(node.system, confDir);
  // What it is held against is the user that looks: the daemon is root.
  const isOwner = node.system.files.owner.uid === 0;
  const access =
    text === undefined || !isOwner ? [] : lookInForce(node.system, { confDir, otherConfigs: setting }).problems;
  const faults: Fault[] = access
    .filter(({ message }) => !message.startsWith("is not in force"))
    .map((problem) => ({ code: "ConflistAccess", evidence: problemSentence(problem) }));
  if (preferred.kind === "in-the-way") {
    const { names, delegate } = preferred;
    const evidence = `${names.join(", ")} in ${confDir} comes before ours, so the runtime gives pods ${
      delegate === undefined ? "another CNI's network" : `the network ${delegate}`
    }`;
    const remedy = setting === "moveAside" ? "headcni conflist install" : undefined;
    faults.push({ code: "OtherConfigPreferred", evidence, remedy });
  }
  if (preferred.kind === "unknown") {
    const raised = [condition("MetaPluginUnclear", { confDir, name: preferred.name })];
    faults.push(...faultsOf(raised, ["MetaPluginUnclear"]));
  }
  if (faults.length > 0) return { kind: "faults", faults };
  if (preferred.kind === "calls-ours") return well(`${preferred.name} comes before ours, and calls it`);
  return text === undefined
    ? notChecked(`${path} does not exist`)
    : well(`no other configuration in ${confDir} comes before it`);
}

async function lookForChained(node: Examination): Promise<Finding> {
  const [{ config }, { path, text }] = await Promise.all([node.config(), node.conflist()]);
  if (text === undefined) return notChecked(`${path} does not exist`);
  const faults = faultsOf(pluginsLost(node.system, config), ["ChainedPluginsLost"]);
  return faultsOr(faults, "it called none that this one does not");
}
