import { expect, test } from "bun:test";
import { patient } from "../../doctor/testing.ts";
import { runCommandLine } from "../testing.ts";

test("doctor gives its report also where the archive cannot be written", async () => {
  await using scene = await patient();
  const file = `${scene.node.root.path}/none/bundle.tar.gz`;
  const answer = await runCommandLine(() => scene.machine(), "doctor", "-o", "json", "--bundle", file);
  expect([answer.exitCode, answer.stderr]).toEqual([4, expect.stringContaining(file)]);
  expect(JSON.parse(answer.stdout).checks.length).toBeGreaterThan(30);
}, 60_000);
