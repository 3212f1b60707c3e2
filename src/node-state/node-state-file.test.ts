import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { decodeNodeState } from "./node-state.ts";
import { nodeStateFiles, readNodeState, writeNodeState } from "./node-state-file.ts";

const text = JSON.stringify({
  version: 1,
  nodeName: "n1",
  podCIDRs: ["10.244.1.0/24"],
  mtu: 1280,
  ipMasq: true,
  conditions: [],
});

test("writeNodeState() removes what earlier writes that were cut short have left, and nothing else", () => {
  using root = tempRoot();
  const { files } = testSystem(root);
  const state = decodeNodeState(text);
  if (state.kind !== "ok") throw new Error(state.why);
  for (const path of nodeStateFiles) {
    const dir = path.replace("/node.json", "");
    root.write(`${dir}/.node.json.0123456789ab.tmp`, "half");
    root.write(`${dir}/.other.0123456789ab.tmp`, "of another program");
  }
  writeNodeState(files, state.value);
  expect(readNodeState(files).found?.state.nodeName).toBe("n1");
  for (const path of nodeStateFiles) {
    const names = fs.readdirSync(root.path + path.replace("/node.json", ""));
    expect(names.toSorted()).toEqual([".other.0123456789ab.tmp", "node.json"]);
  }
});
