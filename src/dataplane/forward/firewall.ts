// Lets pods' packets pass iptables' FORWARD where that refuses them, in each backend that has one, and finds other firewalls that
// refuse them. No table of a backend is made that is not there.

import type { Family } from "../../cidr/addr.ts";
import { expected, HeadcniError } from "../../sys/errors.ts";
import type { ExecResult } from "../../sys/process/exec.ts";
import type { System } from "../../sys/system.ts";
import { runNft } from "../nft/nft.ts";
import { type BaseChain, forwardChains, isIptables, refusesPods, tailscaleNatFamilies } from "./base-chains.ts";
import { forwardCommands } from "./forward-chain.ts";

type Backend = "nft" | "legacy";

/** One FORWARD chain of iptables. */
export interface IptablesChain {
  readonly backend: Backend;
  readonly family: Family;
}

export interface Firewalls {
  /** The FORWARD chains there are. */
  readonly iptables: readonly IptablesChain[];
  /** Chains of others that refuse what pods send. */
  readonly refusing: readonly BaseChain[];
  /** In whose nftables tables nat tailscaled has its chain. */
  readonly tailscaleNat: readonly Family[];
}

export interface ChosenIptables {
  readonly program: string;
  readonly backend: Backend;
}

const timeoutMs = 5000;
const iptablesPrograms = { ipv4: "iptables", ipv6: "ip6tables" } as const;
/** Which tables of the legacy backend this network namespace has; there is no such file where it was never used. */
const legacyTables = { ipv4: "/proc/net/ip_tables_names", ipv6: "/proc/net/ip6_tables_names" } as const;
const families = ["ipv4", "ipv6"] as const;

/**
 * Looks at every firewall of this network namespace. Where nft is missing there is none in nftables.
 * @param known those of nftables from an earlier look, when they need none: to list the chains of a kube-proxy takes a while
 */
export async function findFirewalls(system: System, known?: Firewalls): Promise<Firewalls> {
  const legacy = families
    .filter((family) => hasLegacyFilter(system, family))
    .map((family): IptablesChain => ({ backend: "legacy", family }));
  if (known !== undefined) {
    return { ...known, iptables: [...known.iptables.filter(({ backend }) => backend === "nft"), ...legacy] };
  }
  const listing = await listNft(system, ["-j", "list", "chains"]);
  const chains = forwardChains(listing);
  const native = chains.filter(isIptables).map(({ family }): IptablesChain => {
    return { backend: "nft", family: family === "ip" ? "ipv4" : "ipv6" };
  });
  const others = chains.filter((chain) => !isIptables(chain));
  const tables = await Promise.all(others.map((chain) => listTable(system, chain)));
  return {
    iptables: [...native, ...legacy],
    refusing: others.filter((chain, at) => refusesPods(chain, tables[at] ?? "")),
    tailscaleNat: tailscaleNatFamilies(listing),
  };
}

async function listNft(system: System, args: readonly string[]): Promise<string> {
  try {
    return (await runNft(system, args)).stdout;
  } catch (error) {
    expected(error);
    system.log.debug("Did not look for firewalls in nftables", { why: error.message });
    return "";
  }
}

function listTable(system: System, { family, table }: BaseChain): Promise<string> {
  return listNft(system, ["-j", "list", "table", family, table]);
}

function hasLegacyFilter({ files }: System, family: Family): boolean {
  const names = new TextDecoder().decode(files.readIfPresent(legacyTables[family], 4096));
  return names.split("\n").includes("filter");
}

export interface HeldForward {
  /** Whether something had to be changed. */
  readonly hasChanged: boolean;
  /** What `iptables -S FORWARD` printed before. */
  readonly listing: string;
}

/**
 * Makes the chain let pods' packets pass, or takes our rules out of it again.
 * @throws HeadcniError HC_DATAPLANE when iptables is missing or refuses, saying what it said
 */
export async function holdForward(system: System, chain: IptablesChain, isWanted: boolean): Promise<HeldForward> {
  const { commands: changes, listing } = await forwardChanges(system, chain, isWanted);
  for (const argv of changes) await changeForward(system, argv);
  return { hasChanged: changes.length > 0, listing };
}

interface ForwardChanges extends Pick<HeldForward, "listing"> {
  /** Command lines, in order. */
  readonly commands: readonly (readonly string[])[];
}

/** What would have to be run for that. @throws HeadcniError as `holdForward` */
export async function forwardChanges(system: System, chain: IptablesChain, isWanted: boolean): Promise<ForwardChanges> {
  const { program, listed } = await listForward(system, chain);
  // A table of the same name that another program made: it is looked at as such.
  if (/incompatible/.test(listed.stderr)) return { commands: [], listing: "" };
  if (listed.exitCode !== 0) throw failed([program, ...list], listed.stderr);
  const changes = forwardCommands(listed.stdout, isWanted);
  return { commands: changes.map((args) => [program, "-w", "5", ...args]), listing: listed.stdout };
}

const list = ["-w", "5", "-S", "FORWARD"];

/** By `iptables-nft`, or plain `iptables` where that is of the wanted backend and has no name of its own. */
async function listForward(system: System, { backend, family }: IptablesChain) {
  const plain = iptablesPrograms[family];
  const program = `${plain}-${backend}`;
  const listed = await tryRun(system, [program, ...list]);
  if (listed !== undefined) return { program, listed };
  if ((await findChosen(system, family))?.backend === backend) {
    return { program: plain, listed: await system.exec.run([plain, ...list], { timeoutMs }) };
  }
  throw new HeadcniError("HC_DATAPLANE", `Cannot run ${program}: it is not installed, or not on PATH`, {
    hint: "Install the iptables package",
  });
}

/** The iptables that the machine has chosen, and that plugins start; undefined where there is none. */
export async function findChosen(system: System, family: Family): Promise<ChosenIptables | undefined> {
  const program = iptablesPrograms[family];
  const version = await tryRun(system, [program, "-V"]);
  // Versions before there were two backends name none.
  return version && { program, backend: version.stdout.includes("nf_tables") ? "nft" : "legacy" };
}

/** Runs a program for five seconds at most; undefined where it cannot be started. */
export async function tryRun(system: System, argv: readonly string[]): Promise<ExecResult | undefined> {
  try {
    return await system.exec.run(argv, { timeoutMs });
  } catch (error) {
    expected(error);
    return undefined;
  }
}

export async function changeForward(system: System, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await system.exec.run(argv, { timeoutMs });
  if (exitCode !== 0) throw failed(argv, stderr);
}

function failed(argv: readonly string[], stderr: string): HeadcniError {
  // Of what it says last, this is said whatever the fault is: of a permission that is missing, too.
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^(Perhaps iptables or|Try `)/.test(line));
  const said = lines.at(-1)?.trim() ?? "it gave no message";
  return new HeadcniError("HC_DATAPLANE", `Cannot hold the chain FORWARD: ${argv.join(" ")} failed: ${said}`);
}
