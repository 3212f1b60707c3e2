import { describe, expect, test } from "bun:test";
import { rmSync, utimesSync } from "node:fs";
import { HeadcniError } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import type { Exec } from "../sys/process/exec.ts";
import { fakeClock, memoryLog, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { CliContext } from "./context.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";

/** @param refuses what removing a directory is refused with; undefined for nothing */
async function uninstall(root: TempRoot, refuses?: HeadcniError, exec?: Exec) {
  const answer = { exitCode: 0, stdout: "" };
  const warnings: string[] = [];
  const log = memoryLog();
  const context: CliContext = {
    print: (text) => {
      answer.stdout += text;
    },
    warn: (text) => void warnings.push(text),
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system: () => {
      const system = testSystem(root, { clock: fakeClock(), log, ...(exec === undefined ? {} : { exec }) });
      return refuses === undefined ? system : { ...system, files: refusing(system.files, refuses) };
    },
    exit: (code) => {
      answer.exitCode = code;
    },
  };
  answer.exitCode = (await parseCommandLine(context, ["uninstall"])) ?? answer.exitCode;
  return { ...answer, warnings, codes: log.entries.map(({ code }) => code) };
}

function refusing(files: Files, error: HeadcniError): Files {
  return Object.assign(Object.create(files), {
    removeEmptyDir: () => {
      throw error;
    },
  });
}

test("ends with 4 where something was refused, which can go the next time", async () => {
  using root = tempRoot();
  root.write("/var/lib/cni/networks/headcni/lock", "");
  const refused = await uninstall(root, new HeadcniError("HC_FILE_WRITE", "Cannot remove it: busy"));
  expect(refused).toEqual({
    exitCode: 4,
    stdout: "Left alone: Cannot remove it: busy\n",
    warnings: [],
    codes: ["LeftInPlace"],
  });
  const stdout = "Removed /var/lib/cni/networks/headcni\n";
  expect(await uninstall(root)).toEqual({ exitCode: 0, stdout, warnings: [], codes: ["TakenOut"] });
});

test("goes on with ranges that conflict, as a daemon does, and names them", async () => {
  using root = tempRoot();
  const nodes = "{node-1: 10.77.1.0/24, node-2: 10.77.2.0/24, node-3: 10.77.2.0/24}";
  root.write("/etc/headcni/config.yaml", `network: {podCIDR: {nodeLocal: ${nodes}}}\n`);
  root.write("/var/lib/cni/networks/headcni/lock", "");
  const { exitCode, stdout, warnings } = await uninstall(root);
  expect([exitCode, stdout]).toEqual([0, "Removed /var/lib/cni/networks/headcni\n"]);
  expect(warnings).toEqual([expect.stringMatching(/^warning: \/etc\/headcni\/config\.yaml:1: .*10\.77\.2\.0\/24/)]);
});

test("goes on with a configuration that is wrong, and says by which folders", async () => {
  using root = tempRoot();
  root.write("/etc/headcni/config.yaml", "network:\n  mtu: 3\n");
  root.write("/var/lib/cni/networks/headcni/lock", "");
  const { exitCode, stdout, warnings } = await uninstall(root);
  expect([exitCode, stdout]).toEqual([0, "Removed /var/lib/cni/networks/headcni\n"]);
  expect(warnings).toEqual([
    expect.stringMatching(/^warning: \/etc\/headcni\/config\.yaml:2: network\.mtu: /),
    expect.stringContaining("/etc/cni/net.d and /opt/cni/bin"),
  ]);
});

test("takes another CNI's file that has our name for the other's", async () => {
  using root = tempRoot();
  const plugins = ["bridge", "host-local"].map((name) => {
    root.write(`/opt/cni/bin/${name}`, name);
    return { path: `/opt/cni/bin/${name}`, version: "1.10.0", sha256: sha256Hex(new TextEncoder().encode(name)) };
  });
  root.write("/var/lib/headcni/copied-plugins.json", JSON.stringify({ plugins }));
  const other = { cniVersion: "1.0.0", name: "other", plugins: [{ type: "bridge" }] };
  root.write("/etc/cni/net.d/10-headcni.conflist", JSON.stringify(other));
  const { exitCode, stdout } = await uninstall(root);
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining("Removed /opt/cni/bin/host-local\n")]);
  expect(stdout).toContain("Left alone: /opt/cni/bin/bridge, which /etc/cni/net.d/10-headcni.conflist calls\n");
});

test.each([
  ["after a reboot: nobody asks its runtime, which has no CRI, and the saved call stays", -60, 0],
  ["of a pod of this start", 60, 1],
])("goes with the plugin of a folder that is named no more, %s", async (_when, secondsAfterStart, exitsWith) => {
  using root = tempRoot();
  const bootedAtSeconds = 1_700_000_000;
  root.write("/proc/stat", `btime ${bootedAtSeconds}\n`);
  root.write("/usr/lib/cni/headcni", "an older build");
  const plugins = [{ path: "/usr/lib/cni/headcni", sha256: sha256Hex("an older build") }];
  root.write("/var/lib/headcni/copied-plugins.json", JSON.stringify({ plugins }));
  const call = "/var/lib/headcni/cni/headcni@c1@eth0.json";
  root.write(call, "{}");
  utimesSync(root.path + call, bootedAtSeconds, bootedAtSeconds + secondsAfterStart);
  const { exitCode, stdout } = await uninstall(root);
  expect(exitCode).toBe(exitsWith);
  expect(stdout).toContain(
    exitsWith === 0 ? "Removed /usr/lib/cni/headcni\n" : "/usr/lib/cni/headcni, which made 1 pod of this node",
  );
  expect(root.exists("/var/lib/headcni")).toBe(exitsWith === 1);
});

/** iptables alone, with what bridge puts there for a pod and nobody has taken away. */
function iptables(containerId: string): { readonly exec: Exec; readonly ran: readonly string[] } {
  const ran: string[] = [];
  const rule = `POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \\"headcni\\" id: \\"${containerId}\\"" -j CNI-${"0".repeat(24)}`;
  const run: Exec["run"] = ([program = "", ...args]) => {
    if (program !== "iptables") throw new HeadcniError("HC_EXEC_FAILED", `Cannot start ${program}`);
    const line = args.join(" ").replace("-w 5 -t nat ", "");
    ran.push(line);
    const stdout = line === "-S POSTROUTING" ? `-A ${rule}\n` : "";
    return Promise.resolve({ exitCode: 0, signal: null, stdout, stderr: "", timedOut: false, outputTooLong: false });
  };
  return { exec: { run }, ran };
}

test("takes out leases and rules of pods that another CNI took down", async () => {
  using root = tempRoot();
  root.write(
    "/etc/cni/net.d/10-headcni.conflist",
    JSON.stringify({ cniVersion: "1.0.0", name: "headcni", plugins: [] }),
  );
  root.write("/var/lib/cni/networks/headcni/10.244.0.2", "c1\r\neth0");
  const result = { interfaces: [{ name: "eth0", sandbox: "/var/run/netns/cni-1" }] };
  root.write("/var/lib/cni/results/headcni-c1-eth0", JSON.stringify({ result }));
  root.write("/var/run/netns/cni-1", "");
  const { exec, ran } = iptables("c1");
  const waits = await uninstall(root, undefined, exec);
  expect([waits.exitCode, waits.stdout]).toEqual([1, expect.stringContaining("where 1 pod has its addresses")]);
  rmSync(`${root.path}/var/run/netns/cni-1`);
  expect(ran.filter((line) => line.startsWith("-D"))).toEqual([]);
  const done = await uninstall(root, undefined, exec);
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining("Removed /var/lib/cni/networks/headcni\n")]);
  expect(done.stdout).toContain("Removed what iptables masquerades for pods that are gone (1)\n");
  const chain = `CNI-${"0".repeat(24)}`;
  expect(ran.slice(-3)).toEqual([expect.stringMatching(/^-D POSTROUTING .*"c1"/), `-F ${chain}`, `-X ${chain}`]);
});

const socket = "/run/tailscale/tailscaled.sock";
const tailscaledState = "/var/lib/tailscale/tailscaled.state";
const prefsRecord = { version: 1, socket, advertised: ["10.244.1.0/24"], before: { routeAll: false } };
const leftToggle = { version: 1, socket, netfilterMode: 2 };

describe("without a tailscaled that answers", () => {
  test.each([
    ["the record", "tailscale.json", prefsRecord, "AdvertiseRoutes (10.244.1.0/24), RouteAll (accept routes)"],
    ["half of a change", "tailscale-toggle.json", leftToggle, "NetfilterMode"],
  ])("names both ways out while tailscaled's state is there: %s", async (_what, name, json, prefs) => {
    using root = tempRoot();
    const file = `/var/lib/headcni/${name}`;
    root.write(file, JSON.stringify(json), 0o600);
    root.write(tailscaledState, "{}");
    const { exitCode, stdout } = await uninstall(root);
    expect(exitCode).toBe(4);
    expect(stdout).toBe(
      `Left alone: ${prefs} in tailscaled's prefs: nothing answers at ${socket} (there is no such socket). Start tailscaled and run this ` +
        `again; where it never comes back, remove ${file} and run this again\n` +
        "Left alone: /var/lib/headcni, until the rest is gone: run this again then\n",
    );
    rmSync(root.path + file);
    expect((await uninstall(root)).exitCode).toBe(0);
    expect(root.exists("/var/lib/headcni")).toBe(false);
  });

  test("forgets what it changed where tailscaled's state is gone too", async () => {
    using root = tempRoot();
    root.write("/var/lib/headcni/tailscale.json", JSON.stringify(prefsRecord), 0o600);
    root.write("/var/lib/headcni/tailscale-toggle.json", JSON.stringify(leftToggle), 0o600);
    const { exitCode, stdout } = await uninstall(root);
    expect(stdout).toBe(
      "Removed /var/lib/headcni/tailscale-toggle.json and /var/lib/headcni/tailscale.json: tailscaled is gone, and so is its state " +
        `(${tailscaledState}), so AdvertiseRoutes (10.244.1.0/24), NetfilterMode, RouteAll (accept routes) need not be taken back\n` +
        "Removed /var/lib/headcni\n",
    );
    expect(exitCode).toBe(0);
    expect(root.exists("/var/lib/headcni")).toBe(false);
  });

  test("does not take the state of one with a socket elsewhere for gone", async () => {
    using root = tempRoot();
    root.write("/var/lib/headcni/tailscale.json", JSON.stringify({ ...prefsRecord, socket: "/srv/ts.sock" }), 0o600);
    const { exitCode, stdout } = await uninstall(root);
    expect([exitCode, stdout]).toEqual([4, expect.stringContaining("remove /var/lib/headcni/tailscale.json and run")]);
  });
});
