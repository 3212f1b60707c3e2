// Whether the bridge plugin can masquerade. It does so by iptables, for each pod, and lists the whole table nat first: a rule of another
// program that iptables does not know makes it give up, and every new pod fails. tailscaled writes such a rule in its nftables mode.

import type { Family } from "../../cidr/addr.ts";
import { expected } from "../../sys/errors.ts";
import type { System } from "../../sys/system.ts";
import { tailscaleNatChain } from "./base-chains.ts";
import { iptablesPrograms } from "./firewall.ts";

const timeoutMs = 5000;
/** What iptables-nft says of rules it does not know, and of a kernel that has none. */
const unreadable = /is incompatible|Parsing nftables rule failed|Failed to initialize nft/;

export interface NatTableFault {
  /** Without its full stop. */
  readonly why: string;
  /** Whether there is no iptables at all. */
  readonly isMissing: boolean;
}

export interface NatTableOptions {
  /** In whose tables tailscaled has its chain, where that alone shall be listed: it takes no time beside those of a kube-proxy. */
  readonly tailscaleNat?: readonly Family[];
}

/**
 * Why iptables cannot list the table nat, of the first family for which that is so; undefined where it can. Of the older backend nothing is
 * asked: it sees no rules of nftables, and listing a table makes it.
 */
export async function findNatTableFault(
  system: System,
  families: readonly Family[],
  { tailscaleNat }: NatTableOptions = {},
): Promise<NatTableFault | undefined> {
  const faults = await Promise.all(
    families.map(async (family) => {
      const program = iptablesPrograms[family];
      const version = await versionOf(system, program);
      if (version === undefined) {
        return { why: `Cannot run ${program}: it is not installed, or not on PATH`, isMissing: true };
      }
      // A chain that is not there is called incompatible, too.
      const isAsked = version.includes("nf_tables") && tailscaleNat?.includes(family) !== false;
      const chain = tailscaleNat === undefined ? [] : [tailscaleNatChain];
      return isAsked ? listNat(system, [program, "-w", "5", "-t", "nat", "-S", ...chain]) : undefined;
    }),
  );
  return faults.find((found) => found !== undefined);
}

async function listNat({ exec }: System, argv: readonly string[]): Promise<NatTableFault | undefined> {
  const { stderr } = await exec.run(argv, { timeoutMs });
  const said = stderr.split("\n").find((line) => unreadable.test(line));
  return said === undefined
    ? undefined
    : { why: `${argv.join(" ")}: ${said.trim().replace(/\.$/, "")}`, isMissing: false };
}

async function versionOf({ exec }: System, program: string): Promise<string | undefined> {
  try {
    return (await exec.run([program, "-V"], { timeoutMs })).stdout;
  } catch (error) {
    expected(error);
    return undefined;
  }
}
