// `make demo` as a process: a newcomer's first minute must not fail, nor leave anything behind when it is cut short.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { hostChanges, hostState } from "../harness/host-state.ts";
import { checkout } from "../harness/node.ts";

function startDemo() {
  return Bun.spawn([process.execPath, "tools/demo.ts"], {
    cwd: checkout,
    env: process.env,
    stdout: "pipe",
    stderr: "pipe",
  });
}

test("the demo shows pods that talk and repairs, as plain text in a pipe", async () => {
  const demo = startDemo();
  const text = await demo.stdout.text();
  expect(text).toContain("From           file, /var/lib/kubelet/config.yaml:");
  expect(text).toContain("16 of 16 connections work, every one seen with the pod's own address");
  expect(text.match(/broken and repaired within \d+ ms/g)).toHaveLength(3);
  expect(text).toMatch(/every pod reaches every pod again \d+\.\d s after the kill/);
  expect(text).toContain("3 nodes, 2 of 2 others online, 2 direct, 2 routes live");
  expect(text).toContain("No conditions: all is well");
  expect(text).toContain("this machine is as it was");
  expect(text).not.toContain("\u001b");
  expect(await demo.stderr.text()).toBe("");
  expect(await demo.exited).toBe(0);
}, 120_000);

test.each([
  ["before there is a runtime", "2. Which addresses"],
  ["while pods are made", "5. Four pods"],
  ["while the node is repaired", "8. Somebody breaks it"],
])(
  "the demo leaves nothing behind when it is interrupted %s",
  async (_when, heading) => {
    const before = await hostState();
    const demo = startDemo();
    const seen = { text: "" };
    const reading = readInto(seen, demo.stdout);
    await waitUntil(heading, () => seen.text.includes(heading), 60_000);
    demo.kill("SIGINT");
    await reading;
    expect(seen.text).toContain("Stopped by SIGINT");
    expect(seen.text).toContain("this machine is as it was");
    expect(await demo.exited).toBe(1);
    expect(await hostChanges(before)).toEqual([]);
  },
  120_000,
);

async function readInto(target: { text: string }, stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of stream) target.text += Buffer.from(chunk).toString();
}
