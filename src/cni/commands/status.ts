// STATUS: whether an ADD would work now (50 if not), and whether a pod added now would have its network (51 if not).

import { describeUnusable, readNodeState } from "../../node-state/node-state-file.ts";
import { describeError } from "../../sys/errors.ts";
import { CniError, cniCodes } from "../cni-error.ts";
import { callOnce, type PluginCall } from "../delegate/call-delegate.ts";
import { delegatePrograms, renderDelegate } from "../delegate/delegate-config.ts";
import { type DelegateAnswer, deadLinks, installHint, tryFindProgram } from "../delegate/exec-delegate.ts";
import { emptyOutput, type PluginOutput, type PluginSystem } from "../plugin-system.ts";
import { unknownCommandCodes } from "./gc.ts";

export async function status(system: PluginSystem, plugin: PluginCall): Promise<PluginOutput> {
  const { call, config } = plugin;
  const read = readNodeState(system.files, config.nodeStateFiles);
  const state = read.found?.state;
  const rendered = renderDelegate(config, state);
  if (rendered.kind === "needs-subnet") {
    throw new CniError(
      cniCodes.notAvailable,
      `No PodCIDR is known for this node: ${describeUnusable(read)}`,
      "start headcni-daemon on this node",
    );
  }
  for (const type of delegatePrograms(rendered.config)) {
    if (tryFindProgram(system, type, call.path) !== undefined) continue;
    const message = `Plugin ${type} not found in ${call.path}${deadLinks(system, type, call.path)}`;
    throw new CniError(cniCodes.notAvailable, message, installHint(type));
  }
  const answer = await askStatus(system, plugin, rendered.config);
  if (answer.kind === "refused" && !unknownCommandCodes.includes(answer.code)) return answer.output;
  // The copy from before a reboot has conditions of then.
  const current = read.found?.isCurrent === true ? read.found.state.conditions : [];
  const limiting = current.filter(({ impactsConnectivity }) => impactsConnectivity);
  if (limiting.length > 0) {
    const details = limiting.map(({ code, text }) => `${code}: ${text}`).join("; ");
    throw new CniError(cniCodes.limitedConnectivity, "headcni-daemon reports limited connectivity", details);
  }
  return emptyOutput;
}

/** A delegate that cannot even say how it is, is not available. */
async function askStatus(
  system: PluginSystem,
  plugin: PluginCall,
  delegate: Parameters<typeof callOnce>[2]["delegate"],
): Promise<DelegateAnswer> {
  try {
    return await callOnce(system, plugin, { command: "STATUS", delegate, version: plugin.config.cniVersion });
  } catch (error) {
    const details = error instanceof CniError ? error.details : undefined;
    throw new CniError(cniCodes.notAvailable, describeError(error), details);
  }
}
