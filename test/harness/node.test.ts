// The promise every other test here relies on: a node is apart from the machine, and goes away however its owner ends.

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { hostChanges, hostState } from "./host-state.ts";
import { leftovers, noLeftovers } from "./leftovers.ts";
import { checkout, createNode } from "./node.ts";

test("createNode() gives a root of its own and the machine's programs read-only", async () => {
  await using node = await createNode({ name: "apart", files: { "/etc/kubernetes/a.conf": "a" } });
  expect(await node.must(["cat", "/etc/kubernetes/a.conf"])).toBe("a");
  expect(await node.must(["hostname"])).toBe("apart\n");
  expect((await node.run(["touch", "/usr/bin/new"])).stderr).toContain("Read-only file system");
  expect((await node.run(["touch", `${checkout}/new`])).stderr).toContain("Read-only file system");
  await node.must(["sh", "-c", "mkdir -p /var/lib/cni /run/headcni && touch /var/lib/cni/a /run/headcni/a"]);
  expect(node.list("/var/lib/cni")).toEqual(["a"]);
  expect(fs.existsSync("/var/lib/cni/a") || fs.existsSync("/run/headcni/a")).toBe(false);
  const links = await node.must(["ip", "-brief", "link"]);
  expect(links.match(/^lo .*UP/gm)).toHaveLength(1);
});

test("a node that does not come up in time leaves nothing", async () => {
  const before = await hostState();
  await expect(createNode({ name: "late", startDeadlineMs: 0 })).rejects.toThrow(
    "Cannot make the node late: it was not there after 0 ms",
  );
  expect(await hostChanges(before)).toEqual([]);
});

test("dispose ends what does not want to end", async () => {
  const before = await hostState();
  {
    await using node = await createNode();
    await node.spawn(["sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1; done"]);
    await node.must(["setsid", "--fork", "sleep", "1000"]);
  }
  expect(await hostChanges(before)).toEqual([]);
});

test("a node with containerd and pods is gone when its owner is killed", async () => {
  const before = await hostState();
  const owner = Bun.spawn([process.execPath, `${import.meta.dir}/programs/doomed-owner.ts`], {
    env: process.env,
    stdout: "pipe",
    stderr: "inherit",
  });
  expect((await owner.stdout.text()).trim()).toMatch(/^10\.88\.0\./);
  expect(await owner.exited).toBe(137);
  expect(await hostChanges(before)).toEqual([]);
}, 30_000);

test("a check of the machine sees what tests leave, and nothing of what other programs do meanwhile", async () => {
  const script = `for dir in /run /etc/cni /var/lib; do mkdir -p $dir; mount --no-mtab -t tmpfs none $dir; done; mkdir $TMPDIR; exec "$0" "$1"`;
  const machine = [
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-ec",
    script,
  ];
  const run = Bun.spawn([...machine, process.execPath, `${import.meta.dir}/programs/foreign-neighbour.ts`], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    cwd: checkout,
    env: { ...process.env, TMPDIR: "/run/tmp" },
  });
  const { ofOthers, ofTests } = JSON.parse(await run.stdout.text());
  expect(ofOthers).toEqual([]);
  for (const left of [
    /^devices: .*headcni0/,
    /^nftables: .*headcni/,
    /^folders: .*10-headcni/,
    /^processes: .*sleep/,
    /^nodes: .*-left/,
  ])
    expect(ofTests).toContainEqual(expect.stringMatching(left));
}, 30_000);

test("leftovers() waits for what the kernel takes down a moment later, and says what stays", async () => {
  await using node = await createNode();
  await node.must([
    "sh",
    "-c",
    "ip link add late type veth peer name later && (sleep 0.5; ip link del late) > /dev/null 2>&1 &",
  ]);
  expect(await leftovers(node)).toEqual(noLeftovers);
  await node.must(["ip", "link", "add", "forgotten", "type", "bridge"]);
  expect((await leftovers(node, ["devices"])).devices).toEqual(["forgotten"]);
});
