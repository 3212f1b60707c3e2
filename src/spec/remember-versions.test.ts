import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { fakeClock, tempRoot, testSystem } from "../sys/testing.ts";
import { rememberVersions } from "./remember-versions.ts";

const file = "/opt/cni/bin/bridge";
const minuteMs = 60_000;

test("rememberVersions() asks again when the file is another one, or after ten minutes, and what answered badly each time", async () => {
  using root = tempRoot();
  const clock = fakeClock();
  let asked = 0;
  let stdout = `{"supportedVersions":["1.0.0"]}`;
  const exec = {
    run: async () => {
      asked += 1;
      return { exitCode: 0, signal: null, stdout, stderr: "", timedOut: false, outputTooLong: false };
    },
  };
  const system = testSystem(root, { clock, exec });
  const ask = rememberVersions();
  const asks = async (): Promise<number> => {
    const before = asked;
    await ask(system, file);
    return asked - before;
  };
  root.write(file, "one", 0o755);
  expect([await asks(), await asks()]).toEqual([1, 0]);
  fs.chmodSync(root.path + file, 0o700);
  expect([await asks(), await asks()]).toEqual([1, 0]);
  root.write(`${file}.new`, "two", 0o700);
  fs.renameSync(`${root.path}${file}.new`, root.path + file);
  expect([await asks(), await asks()]).toEqual([1, 0]);
  await clock.advance(10 * minuteMs);
  expect([await asks(), await asks()]).toEqual([1, 0]);
  stdout = "rubbish";
  root.write(file, "three, and broken");
  expect([await asks(), await asks()]).toEqual([1, 1]);
});
