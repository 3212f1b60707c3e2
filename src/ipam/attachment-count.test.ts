import { describe, expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { createFiles } from "../sys/fs/files.ts";
import { type TempRoot, tempRoot } from "../sys/testing.ts";
import { countLeases, countLivingCalls, countLivingLeases } from "./attachment-count.ts";
import { leaseDir } from "./lease.ts";
import { namespaceEvidence } from "./namespace-evidence.ts";

/** What libcni keeps of an ADD. */
function note(root: TempRoot, name: string, sandbox: string): void {
  root.write(`/var/lib/cni/results/headcni-${name}`, JSON.stringify({ result: { interfaces: [{ sandbox }] } }));
}

const bootSeconds = 1_700_000_000;

describe("countLeases()", () => {
  test("counts attachments, not files, and nothing that is no address", () => {
    using root = tempRoot();
    root.write(`${leaseDir}/10.1.0.2`, "aaa\r\neth0");
    root.write(`${leaseDir}/fd00::2`, "aaa\r\neth0");
    root.write(`${leaseDir}/10.1.0.3`, "bbb\r\neth0");
    root.write(`${leaseDir}/10.1.0.4`, "bbb\r\nnet1");
    root.write(`${leaseDir}/lock`, "");
    root.write(`${leaseDir}/last_reserved_ip.0`, "10.1.0.4");
    expect(countLeases(createFiles(root.path))).toBe(3);
  });

  test("takes leases from before the start of the machine, and empty ones, for nobody's", () => {
    using root = tempRoot();
    root.write("/proc/stat", `cpu 1 2 3\nbtime ${bootSeconds}\nprocesses 5\n`);
    const at = { "10.1.0.2": bootSeconds - 60, "10.1.0.3": bootSeconds + 60, "10.1.0.4": bootSeconds + 61 };
    for (const [name, seconds] of Object.entries(at)) {
      root.write(`${leaseDir}/${name}`, name.endsWith("4") ? "" : `${name}\r\neth0`);
      utimesSync(`${root.path}${leaseDir}/${name}`, seconds, seconds);
    }
    expect(countLeases(createFiles(root.path))).toBe(1);
  });

  test("finds none without the folder", () => {
    using root = tempRoot();
    expect(countLeases(createFiles(root.path))).toBe(0);
  });
});

describe("after the clock was set forward, by which leases and notes are older than the machine's start", () => {
  test.each([
    ["a namespace that is there", "/run/netns/one", 1],
    ["one that is gone", "/run/netns/two", 0],
    ["a process id, which may be another's by now", "/proc/1/ns/net", 0],
  ])("of %s", (_what, sandbox, count) => {
    using root = tempRoot();
    root.write("/proc/stat", `btime ${bootSeconds}\n`);
    root.write("/proc/1/ns/net", "");
    root.write("/run/netns/one", "");
    root.write(`${leaseDir}/10.1.0.2`, "c\r\neth0");
    note(root, "c-eth0", sandbox);
    for (const path of [`${leaseDir}/10.1.0.2`, "/var/lib/cni/results/headcni-c-eth0"])
      utimesSync(`${root.path}${path}`, bootSeconds - 60, bootSeconds - 60);
    const files = createFiles(root.path);
    const owner = { containerId: "c", ifname: "eth0" };
    expect([countLeases(files), countLivingLeases(files)]).toEqual([count, count]);
    const { mayHave, isLost } = namespaceEvidence(files, "headcni");
    expect([mayHave(owner), isLost(owner)]).toEqual([count === 1, false]);
  });
});

describe("countLivingLeases()", () => {
  test("leaves out whose namespace is known to be gone, and no other", () => {
    using root = tempRoot();
    for (const [at, id] of ["living", "gone", "unknown"].entries())
      root.write(`${leaseDir}/10.1.0.${at + 2}`, `${id}\r\neth0`);
    root.write("/run/netns/one", "");
    note(root, "living-eth0", "/run/netns/one");
    note(root, "gone-eth0", "/run/netns/two");
    note(root, "unknown-eth0", "");
    expect(countLivingLeases(createFiles(root.path))).toBe(2);
    expect(countLeases(createFiles(root.path))).toBe(3);
  });

  test("believes no note from before the start of the machine", () => {
    using root = tempRoot();
    root.write("/proc/stat", `btime ${bootSeconds}\n`);
    root.write(`${leaseDir}/10.1.0.2`, "c\r\neth0");
    root.write("/run/netns/one", "");
    note(root, "c-eth0", "/run/netns/two");
    utimesSync(`${root.path}/var/lib/cni/results/headcni-c-eth0`, bootSeconds - 60, bootSeconds - 60);
    expect(countLivingLeases(createFiles(root.path))).toBe(1);
  });
});

describe("countLivingCalls()", () => {
  const dir = "/var/lib/headcni/cni";
  const hashed = `${dir}/@${"0".repeat(64)}.json`;

  function setUp(calls: Readonly<Record<string, number>>): TempRoot {
    const root = tempRoot();
    root.write("/proc/stat", `btime ${bootSeconds}\n`);
    for (const [path, seconds] of Object.entries(calls)) {
      root.write(path, "{}");
      utimesSync(`${root.path}${path}`, bootSeconds + seconds, bootSeconds + seconds);
    }
    return root;
  }

  test("leaves out those from before the start of the machine, and files that are none", () => {
    using root = setUp({
      [`${dir}/headcni@old@eth0.json`]: -60,
      [`${dir}/headcni@new@eth0.json`]: 60,
      [`${dir}/mine@new@eth0.json`]: 60,
      [`${dir}/readme`]: 60,
    });
    expect(countLivingCalls(createFiles(root.path))).toBe(2);
  });

  test("leaves out whose namespace is known to be gone, each by the notes of its network", () => {
    using root = setUp({ [`${dir}/headcni@c@eth0.json`]: 60, [`${dir}/mine@c@eth0.json`]: 60 });
    note(root, "c-eth0", "/run/netns/two");
    root.write("/run/netns/one", "");
    expect(countLivingCalls(createFiles(root.path))).toBe(1);
  });

  test("counts an old one whose namespace is there, by a clock that was set forward", () => {
    using root = setUp({ [`${dir}/headcni@c@eth0.json`]: -60 });
    root.write("/run/netns/one", "");
    note(root, "c-eth0", "/run/netns/one");
    expect(countLivingCalls(createFiles(root.path))).toBe(1);
  });

  test("counts a torn one of this start, and reads whose a hashed name is", () => {
    using torn = setUp({ [hashed]: 60 });
    expect(countLivingCalls(createFiles(torn.path))).toBe(1);
    using old = setUp({ [hashed]: -60 });
    expect(countLivingCalls(createFiles(old.path))).toBe(0);
    using gone = setUp({});
    gone.write(hashed, JSON.stringify({ network: "headcni", containerId: "c", ifname: "eth0" }));
    note(gone, "c-eth0", "/run/netns/two");
    gone.write("/run/netns/one", "");
    expect(countLivingCalls(createFiles(gone.path))).toBe(0);
  });
});
