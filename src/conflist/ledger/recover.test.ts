import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { conflistFileName } from "../../node-state/names.ts";
import { type Clock, realClock } from "../../sys/clock.ts";
import type { System } from "../../sys/system.ts";
import { waitUntil } from "../../sys/testing.ts";
import { listBackups } from "../backups/backup.ts";
import { planRestore, restoreConflist } from "../backups/restore.ts";
import { confDir, cutPowerAfter, cutPowerWhen, PowerCut, stateDir, type TestNode, testNode } from "../testing.ts";
import { recoverConflist } from "./recover.ts";

const temporary = `.${conflistFileName}.0123456789ab.tmp`;
const recover = (node: TestNode, otherConfigs: "moveAside" | "keep" = "moveAside") =>
  recoverConflist(node.system, { confDir, stateDir, otherConfigs });

/** Does `act` until `reached` holds, and nothing after. */
async function cutWhen(node: TestNode, reached: () => boolean, act: (on: System) => Promise<unknown>): Promise<void> {
  const files = cutPowerWhen(node.system.files, reached);
  await expect(act({ ...node.system, files })).rejects.toBeInstanceOf(PowerCut);
}

describe("recoverConflist()", () => {
  test("leaves a healthy node untouched, and one HeadCNI never was on", async () => {
    using node = testNode();
    expect(await recover(node)).toEqual({ removedTemporaries: [], completedMoves: [] });
    expect(fs.readdirSync(node.root.path)).toEqual([]);
    node.write("10-calico.conflist", "theirs");
    await node.install("ours");
    const before = node.snapshot();
    fs.rmSync(`${node.root.path}${stateDir}/conflist.lock`);
    expect(await recover(node)).toEqual({ removedTemporaries: [], completedMoves: [] });
    expect(node.snapshot()).toEqual(before);
    expect(node.root.exists(`${stateDir}/conflist.lock`)).toBe(false);
  });

  test("removes temporary files of its own, and nobody else's", async () => {
    using node = testNode();
    node.write(temporary, "half");
    node.write(".10-calico.conflist.0123456789ab.tmp", "theirs");
    node.write(`.${conflistFileName}.swp`, "theirs");
    node.root.write(`${stateDir}/backups/.manifest.json.0123456789ab.tmp`, "half");
    expect((await recover(node)).removedTemporaries).toEqual([temporary]);
    expect(fs.readdirSync(node.hostConfDir).toSorted()).toEqual([
      ".10-calico.conflist.0123456789ab.tmp",
      `.${conflistFileName}.swp`,
    ]);
    expect(fs.readdirSync(`${node.root.path}${stateDir}/backups`)).toEqual([]);
  });

  test("waits for a process that is at work instead of removing its temporary file", async () => {
    using node = testNode();
    node.write(temporary, "another process writes this");
    const seen: boolean[] = [];
    let waits = 0;
    const sleep: Clock["sleep"] = (ms, signal) => {
      waits += 1;
      return realClock.sleep(ms, signal);
    };
    const clock: Clock = { ...realClock, sleep };
    const install = node.install("ours", {
      validate: async () => {
        node.write(temporary, "another process writes this");
        await waitUntil("the second one waits for the lock", () => waits > 0);
        seen.push(node.root.exists(`${confDir}/${temporary}`));
        return [];
      },
    });
    await Promise.all([
      install,
      recoverConflist({ ...node.system, clock }, { confDir, stateDir, otherConfigs: "keep" }),
    ]);
    expect(seen).toEqual([true]);
    expect(node.root.exists(`${confDir}/${temporary}`)).toBe(false);
  });

  const oursIsIn = (node: TestNode) => () => node.root.exists(`${confDir}/${conflistFileName}`);

  test("finishes the moves once ours is in force", async () => {
    using node = testNode();
    node.write("05-cilium.conflist", "one");
    node.write("10-calico.conflist", "two");
    await cutWhen(node, oursIsIn(node), (on) => node.install("ours", {}, on));
    expect(await recover(node)).toEqual({
      removedTemporaries: [],
      completedMoves: ["10-calico.conflist", "05-cilium.conflist"],
    });
    expect(fs.readdirSync(node.hostConfDir).toSorted()).toEqual([
      "05-cilium.conflist.headcni-aside",
      "10-calico.conflist.headcni-aside",
      conflistFileName,
    ]);
  });

  test("forgets the moves when ours never came into force", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    const isPlanned = () => node.root.exists(`${stateDir}/backups/manifest.json`);
    await cutWhen(node, isPlanned, (on) => node.install("ours", {}, on));
    const before = node.snapshot();
    expect((await recover(node)).completedMoves).toEqual([]);
    expect(node.snapshot()).toEqual(before);
    expect(listBackups(node.system)).toEqual([]);
  });

  test("leaves others alone when the setting is keep by now", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "theirs");
    await cutWhen(node, oursIsIn(node), (on) => node.install("ours", {}, on));
    expect((await recover(node, "keep")).completedMoves).toEqual([]);
    expect(node.root.read(`${confDir}/10-calico.conflist`)).toBe("theirs");
  });

  test("does not move a file that was written anew since the move was planned", async () => {
    using node = testNode();
    node.write("10-calico.conflist", "planned");
    await cutWhen(node, oursIsIn(node), (on) => node.install("ours", {}, on));
    node.write("10-calico.conflist", "newer");
    expect((await recover(node)).completedMoves).toEqual([]);
    expect(node.root.read(`${confDir}/10-calico.conflist`)).toBe("newer");
  });

  test("understands a restore that was cut short after the first file came back", async () => {
    using node = testNode();
    node.write("05-cilium.conflist", "one");
    node.write("10-calico.conflist", "two");
    const before = node.snapshot();
    await node.install("ours");
    const isFirstBack = () => node.root.exists(`${confDir}/05-cilium.conflist`);
    await cutWhen(node, isFirstBack, (on) => restoreConflist(on, { confDir, stateDir }));
    expect(planRestore(node.system, { confDir, stateDir }).actions.map(({ name }) => name)).toEqual([
      "10-calico.conflist",
      conflistFileName,
    ]);
    await restoreConflist(node.system, { confDir, stateDir });
    expect(node.snapshot()).toEqual(before);
  });

  test("takes files that lie aside into a manifest that does not know them, the first of a name as the original", async () => {
    using node = testNode();
    node.write("10-calico.conflist.headcni-aside.2", "later");
    node.write("10-calico.conflist.headcni-aside", "original");
    await recover(node);
    expect(listBackups(node.system)[0]?.aside.map(({ name, aside }) => [name, aside])).toEqual([
      ["10-calico.conflist", "10-calico.conflist.headcni-aside"],
      ["10-calico.conflist", "10-calico.conflist.headcni-aside.2"],
    ]);
  });

  test("says which manifest it cannot read, and how to go on without it", async () => {
    using node = testNode();
    node.root.write(`${stateDir}/backups/manifest.json`, "{");
    await expect(recover(node)).rejects.toMatchObject({
      code: "HC_CONFLIST_BACKUP",
      message: `Cannot use the manifest of the backups: ${stateDir}/backups/manifest.json is not JSON`,
      hint: `move it away: what lies in ${confDir} under names that end in .headcni-aside is found without it`,
    });
  });
});

describe("cutPowerAfter()", () => {
  test("lets nothing through after the cut, and leaves half a temporary file", () => {
    using node = testNode();
    const files = cutPowerAfter(node.system.files, 1);
    files.makeDir("/a");
    files.writeAtomic("/a/one", "1");
    expect(() => files.writeAtomic("/a/two", "22")).toThrow(PowerCut);
    expect(() => files.lstat("/a/one")).toThrow(PowerCut);
    const left = fs.readdirSync(`${node.root.path}/a`).toSorted();
    expect(left).toEqual([expect.stringMatching(/^\.two\.[0-9a-f]{12}\.tmp$/), "one"]);
  });
});
