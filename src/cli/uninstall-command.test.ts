import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { HeadcniError } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import { fakeClock, memoryLog, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { CliContext } from "./context.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";

/** @param refuses what removing a directory is refused with; undefined for nothing */
async function uninstall(root: TempRoot, refuses?: HeadcniError) {
  const answer = { exitCode: 0, stdout: "" };
  const log = memoryLog();
  const context: CliContext = {
    print: (text) => {
      answer.stdout += text;
    },
    warn: () => undefined,
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system: () => {
      const system = testSystem(root, { clock: fakeClock(), log });
      return refuses === undefined ? system : { ...system, files: refusing(system.files, refuses) };
    },
    exit: (code) => {
      answer.exitCode = code;
    },
  };
  answer.exitCode = (await parseCommandLine(context, ["uninstall"])) ?? answer.exitCode;
  return { ...answer, codes: log.entries.map(({ code }) => code) };
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
  expect(refused).toEqual({ exitCode: 4, stdout: "Left alone: Cannot remove it: busy\n", codes: ["LeftInPlace"] });
  const stdout = "Removed /var/lib/cni/networks/headcni\n";
  expect(await uninstall(root)).toEqual({ exitCode: 0, stdout, codes: ["TakenOut"] });
});

test("takes another CNI's file that has our name for the other's", async () => {
  using root = tempRoot();
  const plugins = ["bridge", "host-local"].map((name) => {
    root.write(`/opt/cni/bin/${name}`, name);
    return { path: `/opt/cni/bin/${name}`, version: "1.10.0", sha256: sha256Hex(new TextEncoder().encode(name)) };
  });
  root.write("/var/lib/headcni/reference-plugins.json", JSON.stringify({ plugins }));
  const other = { cniVersion: "1.0.0", name: "other", plugins: [{ type: "bridge" }] };
  root.write("/etc/cni/net.d/10-headcni.conflist", JSON.stringify(other));
  const { exitCode, stdout } = await uninstall(root);
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining("Removed /opt/cni/bin/host-local\n")]);
  expect(stdout).toContain("Left alone: /opt/cni/bin/bridge, which /etc/cni/net.d/10-headcni.conflist calls\n");
});

test("takes out the leases of pods that another CNI took down", async () => {
  using root = tempRoot();
  root.write(
    "/etc/cni/net.d/10-headcni.conflist",
    JSON.stringify({ cniVersion: "1.0.0", name: "headcni", plugins: [] }),
  );
  root.write("/var/lib/cni/networks/headcni/10.244.0.2", "c1\r\neth0");
  const result = { interfaces: [{ name: "eth0", sandbox: "/var/run/netns/cni-1" }] };
  root.write("/var/lib/cni/results/headcni-c1-eth0", JSON.stringify({ result }));
  root.write("/var/run/netns/cni-1", "");
  const waits = await uninstall(root);
  expect([waits.exitCode, waits.stdout]).toEqual([1, expect.stringContaining("where 1 pod has its addresses")]);
  rmSync(`${root.path}/var/run/netns/cni-1`);
  const done = await uninstall(root);
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining("Removed /var/lib/cni/networks/headcni\n")]);
});
