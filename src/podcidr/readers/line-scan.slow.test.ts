import { describe, expect, test } from "bun:test";
import { findings, inspectText } from "../testing.ts";

describe("a document too long for the YAML library", () => {
  const networking = "kind: ClusterConfiguration\nnetworking: {podSubnet: 10.1.0.0/16}\n";

  test("is read without its comments, on the lines it has", () => {
    const text = `${"# a comment\n".repeat(30_000)}${networking}`;
    expect(findings(text)).toEqual(["30002 cluster 10.1.0.0/16"]);
    expect(inspectText(text).kind).toBe("kubeadm");
  });

  test("is not called invalid when it is too long all the same", () => {
    expect(inspectText(`${"a: b\n".repeat(60_000)}podSubnet: 10.1.0.0/16\n`).kind).toBe("unknown");
  });

  test("is a list when its items are objects", () => {
    const item = (index: number): string =>
      `- apiVersion: v1\n  kind: Node\n  metadata: {name: n${index}, note: "${"x".repeat(2000)}"}\n  spec: {podCIDR: 10.0.${index}.0/24}\n`;
    const text = `apiVersion: v1\nitems:\n${Array.from({ length: 200 }, (_, index) => item(index)).join("")}kind: List\n`;
    expect(inspectText(text, "n7")).toMatchObject({ kind: "list", findings: [{ value: "10.0.7.0/24" }] });
  });
});
