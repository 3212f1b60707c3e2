// Takes everything of HeadCNI's out of the kernel, whichever daemon left it: the table, the rules, what was put into iptables, and
// a bridge on which no pod hangs.

import { type CleanedUp, type CleanUpOptions, leftAlone, removed } from "../agent/cleaned-up.ts";
import { bridgeName } from "../node-state/names.ts";
import { expected, HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { readBridge, removeBridge } from "./bridge.ts";
import { changeForward, findFirewalls, forwardChanges } from "./forward/firewall.ts";
import { createTailnetMemory } from "./memory/tailnet-memory.ts";
import { readTable, runScript } from "./nft/nft.ts";
import { tableName } from "./nft/nft-table.ts";
import { tableScript } from "./nft/table-listing.ts";
import { changeIpRule, ipRuleChanges } from "./rule-store.ts";

/** What has to be done to take a part out; nothing when it is not there. */
type Steps = readonly (() => Promise<void>)[];

/**
 * What cannot be taken out does not keep the rest. A host without one of the programs never had what that one makes.
 * @throws HeadcniError HC_DATAPLANE naming all that is left
 */
export async function cleanUpDataplane(system: System, options: CleanUpOptions): Promise<readonly CleanedUp[]> {
  const parts: readonly [string, () => Promise<Steps>][] = [
    [`the nftables table ${tableName}`, () => tableSteps(system)],
    ["the routing rules 5200, 5280 and 5281", () => ruleSteps(system)],
    ["the rules in iptables' FORWARD", () => forwardSteps(system)],
    [`the pod bridge ${bridgeName}`, () => bridgeSteps(system)],
  ];
  // Before the rest: a daemon that starts again after half of this must not close the cluster's CIDR anew.
  if (!options.isDryRun) createTailnetMemory(system.files).forget();
  const done: CleanedUp[] = [];
  const failures: string[] = [];
  for (const [what, find] of parts) {
    try {
      const steps = await find();
      if (!options.isDryRun) for (const step of steps) await step();
      if (steps.length > 0) done.push(removed(what, options));
    } catch (error) {
      expected(error);
      if (isMissing(error)) system.log.debug(`Did not look for ${what}`, { why: error.message });
      else failures.push(error.message);
    }
  }
  if (failures.length > 0) throw new HeadcniError("HC_DATAPLANE", failures.join(". "));
  return [...done, ...(await busyBridge(system))];
}

function isMissing({ code, cause }: HeadcniError): boolean {
  return code === "HC_EXEC_FAILED" || (cause instanceof HeadcniError && cause.code === "HC_EXEC_FAILED");
}

async function tableSteps(system: System): Promise<Steps> {
  const script = tableScript(await readTable(system), undefined);
  return script === undefined ? [] : [() => runScript(system, script)];
}

async function ruleSteps(system: System): Promise<Steps> {
  return (await ipRuleChanges(system, [])).map((args) => () => changeIpRule(system, args));
}

async function forwardSteps(system: System): Promise<Steps> {
  const { iptables } = await findFirewalls(system);
  const changes: (readonly string[])[] = [];
  for (const chain of iptables) changes.push(...(await forwardChanges(system, chain, false)).commands);
  return changes.map((argv) => () => changeForward(system, argv));
}

async function bridgeSteps(system: System): Promise<Steps> {
  const reading = await readBridge(system);
  return reading.kind === "present" && reading.bridge.ports.length === 0 ? [() => removeBridge(system)] : [];
}

async function busyBridge(system: System): Promise<readonly CleanedUp[]> {
  const reading = await readBridge(system);
  const ports = reading.kind === "present" ? reading.bridge.ports.length : 0;
  if (ports === 0) return [];
  const pods = `${ports} pod${ports === 1 ? "" : "s"}`;
  return [
    leftAlone(
      `${bridgeName}, on which ${pods} of this node hang: drain the node, pods of DaemonSets too, then run this again`,
    ),
  ];
}
