// One step of the dataplane: read the kernel, plan, put each part in place, say what holds. A part that fails leaves the others alone.

import { type Condition, type Failure, failureOf } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Config } from "../config/config.ts";
import { readDevices } from "../kernel/devices.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import type { ClaimEffects } from "../tailnet/claims-view.ts";
import { tailscaleDevice } from "../tailnet/device.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { bridgeAmong } from "./bridge.ts";
import { condition } from "./conditions.ts";
import type { createDamageFinder, ServingPeer } from "./damage/find-damage.ts";
import {
  type DataplanePlan,
  type NodeRanges,
  type PlanInput,
  type PodTailnet,
  planDataplane,
  tailnetOf,
} from "./dataplane-plan.ts";
import type { Firewalls } from "./forward/firewall.ts";
import { natPlugin, whyNatUnreadable } from "./forward/nat-table.ts";
import { openForward } from "./forward/open-forward.ts";
import { giveUpBridge, holdBridge } from "./gateway.ts";
import type { Holder } from "./holder.ts";
import { checkKernel, findTailnetDevice } from "./kernel-checks.ts";
import { type TailnetMemory, withRemembered } from "./memory/tailnet-memory.ts";
import { readTable, runScript } from "./nft/nft.ts";
import { renderTable } from "./nft/nft-table.ts";
import { type TableListing, tableScript } from "./nft/table-listing.ts";
import { holdIpRules } from "./rule-store.ts";
import { readSysctls, type Sysctls } from "./sysctls.ts";

export interface DataplaneStepInput {
  readonly config: Config;
  readonly ranges: NodeRanges;
  /** The other nodes' PodCIDRs; undefined: no tailnet has been seen yet. */
  readonly peers: readonly Prefix[] | undefined;
  /** Those of the other nodes for which tailscaled has routes now. */
  readonly serving: readonly ServingPeer[];
  /** The claim to guessed PodCIDRs. */
  readonly claim: ClaimEffects | undefined;
  /** Whether the configuration wants a tailnet, should there be one. */
  readonly isEnabled: boolean;
  /** Whether there will be one: the configuration asks for it. */
  readonly isExpected: boolean;
  readonly holder: Holder;
  /** Called when the bridge has the gateway addresses of these. */
  readonly onBridge: (podCIDRs: PodCIDRs) => void;
  readonly memory: TailnetMemory;
  readonly findDamage: ReturnType<typeof createDamageFinder>;
  /** Whether nftables has to be looked at: not when it would have told of a change. */
  readonly isFull: boolean;
  /** What the last step left; undefined before the first. */
  readonly last: DataplaneState | undefined;
}

/** What one step found and left. */
export interface DataplaneState {
  readonly plan: DataplanePlan;
  readonly tailnet: PodTailnet["kind"];
  /** tailscaled's, as it was last seen: while it restarts there is none. */
  readonly tailnetDevice: string;
  /** Whether the table is as planned. */
  readonly isTableHeld: boolean;
  readonly firewalls: Firewalls;
  readonly sysctls: Sysctls;
  /** What tailscaled has lost; undefined without a tailnet. */
  readonly damage: TailnetDamage | undefined;
  /** Those that only a step which looks at everything finds; they are among all the others. */
  readonly fullConditions: readonly Condition[];
  readonly conditions: readonly Condition[];
}

export async function stepDataplane(system: System, input: DataplaneStepInput): Promise<DataplaneState> {
  const { last } = input;
  if (last !== undefined && isIdle(input, last)) return last;
  if (last !== undefined && !input.isFull && last.fullConditions.length === 0) {
    const rest = await holdRest(system, last.plan, { ...input, known: last.firewalls });
    return { ...last, ...rest };
  }
  return stepAll(system, input);
}

async function stepAll(system: System, input: DataplaneStepInput): Promise<DataplaneState> {
  const { peers, isEnabled, isExpected, holder, last } = input;
  // First of all: the login to a tailnet waits for it, and whatever else starts meanwhile makes it late.
  const lastDevice = last?.tailnetDevice ?? tailscaleDevice;
  const early = { tailnet: usedByNone, tailnetDevice: lastDevice };
  const own = isTailnetUsed(input) ? await holdOwnBridge(system, planWith(input, early), input) : undefined;
  const tailnetDevice = (own === undefined ? undefined : findTailnetDevice(own.devices)?.name) ?? lastDevice;
  const read = await tryReadTable(system);
  const listing = read.kind === "ok" ? read.value : undefined;
  const remembered = peers === undefined && isEnabled ? input.memory.recall() : undefined;
  const tailnet = tailnetOf(peers, { isEnabled, isExpected, listing, remembered: remembered?.peers });
  const plan = planWith(input, { tailnet, tailnetDevice }, remembered?.clusterCIDRs);
  // Without a tailnet there is nothing more to hold; what there was has been taken out by the step before.
  const isDone = tailnet.kind === "unknown" || (tailnet.kind === "unused" && last?.tailnet === "unused");
  const [tableConditions, rest] = await Promise.all([
    holdTable(system, { plan, read, holder, isUsed: tailnet.kind === "used" }),
    isDone ? nothingHeld : holdRest(system, plan, { ...input, known: undefined, own }),
  ]);
  const isTableHeld = !tableConditions.some(({ code }) => tableFailures.includes(code));
  const natConditions = await checkNat(system, plan, { ...input, ...rest });
  const fullConditions = [...tableConditions, ...natConditions, ...remember(system, input)];
  const conditions = [...fullConditions, ...rest.conditions];
  return { ...rest, plan, tailnet: tailnet.kind, tailnetDevice, isTableHeld, fullConditions, conditions };
}

/** For what does not depend on the other nodes. */
const usedByNone: PodTailnet = { kind: "used", peers: [] };

function planWith(
  { config, ranges, claim }: DataplaneStepInput,
  seen: Pick<PlanInput, "tailnet" | "tailnetDevice">,
  remembered: readonly Prefix[] = [],
): DataplanePlan {
  return planDataplane({
    ranges: { ...ranges, clusterCIDRs: withRemembered(ranges.clusterCIDRs, remembered) },
    serviceCIDRs: config.network.serviceCIDR,
    masquerade: config.network.masquerade,
    mtuBytes: config.network.bridge.mtuBytes,
    ...seen,
    isGivenUp: claim?.holdsGateway === false && claim.podCIDRs.equals(ranges.podCIDRs),
  });
}

/** What has been seen of a tailnet outlives a reboot; where none is wanted, nothing shall. */
function remember({ log }: System, { memory, isEnabled, peers, ranges }: DataplaneStepInput): readonly Condition[] {
  if (isEnabled) return peers === undefined ? [] : memory.keep({ clusterCIDRs: ranges.clusterCIDRs, peers });
  try {
    memory.forget();
  } catch (error) {
    log.warn("TailnetMemoryKept", `What is remembered of the tailnet stays: ${failureOf(error).why}`);
  }
  return [];
}

const nothingHeld = {
  firewalls: { iptables: [], refusing: [], tailscaleNat: [] },
  sysctls: {},
  damage: undefined,
  conditions: [],
};
const tableFailures: readonly string[] = ["SourcesNotKept", "MasqueradeNotApplied"];

/** Whether nothing was wanted, nothing was left, and nothing is wanted now. */
function isIdle(input: DataplaneStepInput, last: DataplaneState): boolean {
  const { config, isEnabled } = input;
  const isWanted = config.network.masquerade === "daemon" || isTailnetUsed(input);
  return (
    !isWanted && last.tailnet !== "used" && last.plan.table === undefined && (isEnabled || last.tailnet === "unused")
  );
}

/** Whether that is known without what an earlier daemon left. */
function isTailnetUsed({ peers, isEnabled, isExpected }: DataplaneStepInput): boolean {
  return isEnabled && (peers !== undefined || isExpected);
}

type ReadTable = Result<TableListing | undefined, Failure>;

async function tryReadTable(system: System): Promise<ReadTable> {
  try {
    return ok(await readTable(system));
  } catch (error) {
    return fault(failureOf(error));
  }
}

interface HoldTableInput {
  readonly plan: DataplanePlan;
  readonly read: ReadTable;
  readonly holder: Holder;
  readonly isUsed: boolean;
}

async function holdTable(
  system: System,
  { plan, read, holder, isUsed }: HoldTableInput,
): Promise<readonly Condition[]> {
  const { table } = plan;
  const isMasquerading = table?.chains.some(({ name }) => name === "postrouting") === true;
  const failed = (failure: Failure): readonly Condition[] => [
    ...(isUsed ? [condition("SourcesNotKept", failure)] : []),
    ...(isMasquerading ? [condition("MasqueradeNotApplied", failure)] : []),
  ];
  if (read.kind === "fault") {
    system.log.debug("Did not look at the nftables table", { why: read.why.why });
    return failed(read.why);
  }
  const script = tableScript(read.value, table);
  const act = async (): Promise<boolean> => {
    if (script !== undefined) await runScript(system, script);
    return script !== undefined;
  };
  return holder.hold({ part: "table", key: table === undefined ? "" : renderTable(table), act, failed });
}

/** Asked where plugins use iptables, and tailscaled may have written what keeps them from that. */
async function checkNat(
  system: System,
  { acceptsForward, families }: DataplanePlan,
  { config, firewalls }: Pick<DataplaneStepInput, "config"> & Pick<DataplaneState, "firewalls">,
): Promise<readonly Condition[]> {
  const plugin = acceptsForward ? natPlugin(config) : undefined;
  const why = plugin === undefined ? undefined : await whyNatUnreadable(system, families, firewalls);
  if (why === undefined) return [];
  return [condition(plugin === "bridge" ? "BridgeCannotMasquerade" : "HostPortsNotMapped", { why })];
}

type HoldBridgeInput = Pick<DataplaneStepInput, "holder" | "onBridge">;

interface HoldRestInput extends HoldBridgeInput, Pick<DataplaneStepInput, "config" | "serving" | "findDamage"> {
  /** The firewalls of a step before, where those of nftables are as they were. */
  readonly known: Firewalls | undefined;
  /** The bridge, where it is held already. */
  readonly own?: OwnBridge | undefined;
}

async function holdRest(system: System, plan: DataplanePlan, input: HoldRestInput) {
  const { config, serving, findDamage } = input;
  const { acceptsForward } = plan;
  const sysctls = readSysctls(system);
  const [{ bridge, devices, ...own }, rules, { firewalls, forward, ...opened }] = await Promise.all([
    input.own ?? holdOwnBridge(system, plan, input),
    holdRules(system, plan, input),
    openForward(system, { ...input, isWanted: acceptsForward }),
  ]);
  const device = findTailnetDevice(devices);
  const damage = acceptsForward ? await findDamage(system, { forward, serving, device }) : undefined;
  const { mtuBytes } = config.network.bridge;
  const checks = acceptsForward ? checkKernel({ plan, firewalls, bridge, devices, sysctls, mtuBytes }) : [];
  return { firewalls, sysctls, damage, conditions: [...rules, ...opened.conditions, ...own.conditions, ...checks] };
}

/** The bridge with all devices as they were before, and what is wrong with it now. */
type OwnBridge = Awaited<ReturnType<typeof holdOwnBridge>>;

async function holdOwnBridge(
  system: System,
  { bridge: wanted, givenUp }: DataplanePlan,
  { holder, onBridge }: HoldBridgeInput,
) {
  const devices = await readDevices(system);
  const bridge = bridgeAmong(devices);
  const conditions = await holder.hold({
    part: "bridge",
    key: wanted === undefined ? `${givenUp ?? ""}` : `${wanted.podCIDRs} ${wanted.mtuBytes}`,
    act: async () => {
      if (givenUp !== undefined) return giveUpBridge(system, bridge, givenUp);
      if (wanted === undefined) return false;
      const hasChanged = await holdBridge(system, bridge, wanted);
      onBridge(wanted.podCIDRs);
      return hasChanged;
    },
    failed: (failure) => [condition("BridgeNotMade", failure)],
  });
  return { devices, bridge, conditions };
}

function holdRules(system: System, { ipRules }: DataplanePlan, { holder }: HoldRestInput) {
  return holder.hold({
    part: "rules",
    key: JSON.stringify(ipRules),
    act: () => holdIpRules(system, ipRules),
    failed: (failure) => [condition("RoutingRulesNotApplied", failure)],
  });
}
