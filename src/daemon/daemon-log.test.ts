import { expect, test } from "bun:test";

test("createDaemonLog() counts what repeats, and ends with what happened last", async () => {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/daemon-log.fixture.ts`], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const text = await new Response(child.stderr).text();
  expect(await child.exited).toBe(0);
  const lines: { msg: string; time: string; repeated?: number }[] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ msg, time, repeated }) => [time.slice(11, 19), msg, repeated])).toEqual([
    ["00:00:00", "Cannot read /x", undefined],
    ["00:10:00", "Cannot read /x", 1],
    ["00:10:00", "It broke", undefined],
    ["00:10:00", "It works", undefined],
    ["00:10:00", "It works", 1],
    ["00:10:00", "It broke", 2],
  ]);
});
