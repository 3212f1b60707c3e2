import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { parseOwner, readLeases } from "./lease.ts";

const folder = "/var/lib/cni/networks/headcni";

describe("parseOwner()", () => {
  test.each([
    ["what host-local writes", "abc123\r\neth0", { containerId: "abc123", ifname: "eth0" }],
    ["what it wrote of old", "abc123", { containerId: "abc123", ifname: undefined }],
    ["an interface name that is not ASCII", "abc\r\nnäthe", { containerId: "abc", ifname: "näthe" }],
    ["nothing", "", undefined],
    ["a line break alone", "abc\neth0", undefined],
    ["an interface without container", "\r\neth0", undefined],
    ["three lines", "abc\r\neth0\r\nx", undefined],
    ["no container ID", "-\r\neth0", undefined],
  ])("reads %s", (_name, text, owner) => {
    expect(parseOwner(text)).toEqual(owner);
  });
});

describe("readLeases()", () => {
  test("gives the leases of both families in the order of addresses, and nothing that is none", () => {
    using root = tempRoot();
    root.write(`${folder}/10.244.1.10`, "b\r\neth0");
    root.write(`${folder}/10.244.1.9`, "a\r\neth0");
    root.write(`${folder}/fd00::2`, "a\r\neth0");
    root.write(`${folder}/10.244.1.11`, "");
    root.write(`${folder}/10.244.1.12`, "\0\0\0\0");
    for (const name of ["lock", "last_reserved_ip.0", "10.244.1", "10.244.1.9.bak"])
      root.write(`${folder}/${name}`, "x");
    fs.mkdirSync(`${root.path}${folder}/10.244.1.13`);
    fs.symlinkSync("/etc/passwd", `${root.path}${folder}/10.244.1.14`);
    const leases = readLeases(testSystem(root).files, folder);
    expect(leases.map(({ addr, owner }) => [String(addr), owner?.containerId])).toEqual([
      ["10.244.1.9", "a"],
      ["10.244.1.10", "b"],
      ["10.244.1.11", undefined],
      ["10.244.1.12", undefined],
      ["fd00::2", "a"],
    ]);
  });

  test("gives none without a folder", () => {
    using root = tempRoot();
    expect(readLeases(testSystem(root).files, folder)).toEqual([]);
  });
});
