// kill -9 after each single step of an installation: what a runtime reads then, and what the next run and a restore make of it.

import { describe, expect, test } from "bun:test";
import { type InstallStep, installSteps } from "../../src/conflist/install/install-conflist.ts";
import { snapshot } from "../../src/conflist/testing.ts";
import { confDir, conflist, type FolderNode, folderNode, readAsRuntime } from "./folder-node.ts";

const calico = `{"cniVersion":"0.3.1","name":"k8s-pod-network","plugins":[{"type":"calico"}]}`;
const ours = "what HeadCNI writes\n";

/** What the folder held before, and what a runtime took from it. */
const scenes: readonly (readonly [string, Readonly<Record<string, string>>, string | undefined])[] = [
  ["an empty folder", {}, undefined],
  ["a file at our name that is not ours", { "10-headcni.conflist": calico }, calico],
  ["two files that are preferred to ours", { "05-one.conflist": calico, "10-calico.conflist": "{" }, calico],
  ["both", { "05-one.conflist": calico, "10-headcni.conflist": "theirs" }, calico],
];
interface Death {
  readonly step: InstallStep;
  readonly count: number;
}
const deaths: readonly Death[] = [
  ...installSteps.map((step) => ({ step, count: 1 })),
  { step: "moved-aside", count: 2 },
];
const rows = scenes.flatMap(([scene, files, inForce]) =>
  deaths.map((death) => ({
    scene,
    files,
    inForce,
    ...death,
    when: `${death.count === 1 ? "" : "the second "}${death.step}`,
  })),
);

describe("installConflist() killed", () => {
  test.each([...rows])("in $scene after $when", ({ files, inForce, step, count }) => {
    using node = folderNode();
    for (const [name, content] of Object.entries(files)) node.write(`${confDir}/${name}`, content);
    const folder = `${node.path}${confDir}`;
    const before = snapshot(folder);
    die(node, { step, count });

    const read = readAsRuntime(folder);
    expect([inForce, ours]).toContain(read);
    if (inForce !== undefined) expect(read).toBeDefined();

    expect(node.conflist(["install"]).exitCode).toBe(0);
    expect(node.names().filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(node.read(conflist)).toBe(node.conflist(["render"]).stdout);
    expect(readAsRuntime(folder)).toBe(node.read(conflist));

    expect(node.conflist(["restore"]).exitCode).toBe(0);
    expect(snapshot(folder)).toEqual(before);
  });

  test("right before a restore, which then gives the folder back", () => {
    for (const death of deaths) {
      using node = folderNode();
      node.write(`${confDir}/05-one.conflist`, calico);
      node.write(conflist, "theirs");
      const before = snapshot(`${node.path}${confDir}`);
      die(node, death);
      expect([death.step, node.conflist(["restore"]).exitCode]).toEqual([death.step, 0]);
      expect(snapshot(`${node.path}${confDir}`)).toEqual(before);
    }
  });
});

function die(node: FolderNode, { step, count }: Death): void {
  const argv = [process.execPath, `${import.meta.dir}/die-at-step.ts`, node.path, ours, step, String(count)];
  const { signalCode, exitCode, stderr } = Bun.spawnSync(argv, { stdin: "ignore" });
  // A step that this scene does not have ends the installation well.
  expect([signalCode ?? null, exitCode, String(stderr)]).toEqual(
    signalCode === "SIGKILL" ? ["SIGKILL", exitCode, ""] : [null, 0, ""],
  );
}
