// A kernel for tests, behind the same Exec the code calls `ip` and `nft` through: it has one bridge and one nftables table, and
// remembers what was asked of it. The real programs are held against it in test/daemon.

import type { Prefix } from "../cidr/prefix.ts";
import { bridgeName } from "../node-state/names.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { Exec, ExecResult } from "../sys/process/exec.ts";

export interface FakeKernel {
  /** Undefined: there is no bridge. */
  bridge: { addresses: readonly Prefix[]; ports: readonly string[] } | undefined;
  /** The text of our table as `nft list table` prints it; undefined: there is none. */
  table: string | undefined;
  /** What `nft` answers instead of working; "missing" as if it were not installed. */
  nftFault: string | undefined;
  /** As `nftFault`, for `ip`. */
  ipFault: string | undefined;
  /** Name of the CNI plugin that says nothing when it is started. */
  brokenPlugin: string | undefined;
  /** Every command line but the plugins', in order. */
  readonly calls: string[];
  readonly exec: Exec;
}

/** @param versions what any CNI plugin under the root answers to VERSION */
export function fakeKernel(versions: readonly string[] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0"]): FakeKernel {
  const kernel: FakeKernel = {
    bridge: undefined,
    table: undefined,
    nftFault: undefined,
    ipFault: undefined,
    brokenPlugin: undefined,
    calls: [],
    exec: {
      run: async (argv, { stdin } = {}) => {
        const [program = "", ...args] = argv;
        if (kernel.brokenPlugin !== undefined && program.endsWith(`/${kernel.brokenPlugin}`)) return ended(1);
        if (program.startsWith("/"))
          return ended(0, JSON.stringify({ cniVersion: "1.0.0", supportedVersions: versions }));
        kernel.calls.push(argv.join(" "));
        return program === "ip" ? runIp(kernel, args) : runNft(kernel, args, String(stdin ?? ""));
      },
    },
  };
  return kernel;
}

function runIp(kernel: FakeKernel, args: readonly string[]): ExecResult {
  if (kernel.ipFault === "missing") throw missing("ip");
  if (kernel.ipFault !== undefined) return ended(2, "", kernel.ipFault);
  if (args[0] === "link") {
    if (kernel.bridge === undefined) return ended(1, "", `Cannot find device "${bridgeName}"`);
    kernel.bridge = undefined;
    return ended(0);
  }
  return ended(0, args.includes("route") ? "[]" : printDevices(kernel.bridge));
}

function missing(program: string): HeadcniError {
  return new HeadcniError("HC_EXEC_FAILED", `Cannot start ${program}: does not exist`);
}

/** The fields of `ip -j addr show` that are read, with some that are not. */
export function printDevices(bridge: FakeKernel["bridge"]): string {
  const addrs = bridge?.addresses.map((prefix) => ({
    family: prefix.family === "ipv4" ? "inet" : "inet6",
    local: prefix.addr.toString(),
    prefixlen: prefix.bits,
    scope: "global",
  }));
  const linkLocal = { family: "inet6", local: "fe80::1", prefixlen: 64, scope: "link" };
  return JSON.stringify([
    { ifindex: 1, ifname: "lo", mtu: 65536, addr_info: [] },
    ...(addrs === undefined ? [] : [{ ifindex: 2, ifname: bridgeName, mtu: 1280, addr_info: [...addrs, linkLocal] }]),
    ...(bridge?.ports ?? []).map((ifname, index) => ({
      ifindex: 3 + index,
      ifname,
      master: bridgeName,
      addr_info: [],
    })),
  ]);
}

function runNft(kernel: FakeKernel, args: readonly string[], script: string): ExecResult {
  if (kernel.nftFault === "missing") throw missing("nft");
  if (kernel.nftFault !== undefined) return ended(1, "", `Error: ${kernel.nftFault}`);
  if (args[0] === "-f") {
    // What follows the deletion is the table; nft prints priority 100 by its name.
    kernel.table = script.split("\n").slice(2).join("\n").replace("priority 100", "priority srcnat");
    return ended(0);
  }
  if (kernel.table === undefined) return ended(1, "", "Error: No such file or directory");
  if (args[0] === "list") return ended(0, kernel.table);
  kernel.table = undefined;
  return ended(0);
}

function ended(exitCode: number, stdout = "", stderr = ""): ExecResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, outputTooLong: false };
}
