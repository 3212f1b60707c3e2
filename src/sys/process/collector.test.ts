import { expect, test } from "bun:test";
import { createCollector } from "./collector.ts";

const mebibyte = 1 << 20;

test("collects where memory has grown since the least it was, and then only when it has grown as much again", () => {
  let bytes = 80 * mebibyte;
  let collections = 0;
  const keep = createCollector({
    residentBytes: () => bytes,
    collect: () => {
      collections += 1;
      bytes = Math.min(bytes, 90 * mebibyte);
    },
  });
  const pass = (seconds: number, now: number): number => {
    bytes = now * mebibyte;
    for (let second = 0; second < seconds; second++) keep();
    return collections;
  };
  expect(pass(10, 80)).toBe(0);
  expect(pass(10, 83)).toBe(0);
  expect(pass(1, 70)).toBe(0);
  expect(pass(10, 74)).toBe(0);
  expect(pass(1, 200)).toBe(1);
  expect(pass(50, 94)).toBe(1);
  expect(pass(1, 95)).toBe(2);
});

test("waits for more where more is in use", () => {
  let bytes = 480 * mebibyte;
  let collections = 0;
  const collect = (): void => {
    collections += 1;
  };
  const keep = createCollector({ residentBytes: () => bytes, collect });
  for (const now of [480, 490, 499]) {
    bytes = now * mebibyte;
    keep();
  }
  expect(collections).toBe(0);
  bytes = 501 * mebibyte;
  keep();
  expect(collections).toBe(1);
});

/** Whether the engine has compiled a function that was called often, in a process of its own. */
function isCompiled(first: string, waitMs: number): boolean {
  const script = `
    const { numberOfDFGCompiles } = await import("bun:jsc");
    const { spareCompiledCode } = await import(${JSON.stringify(`${import.meta.dir}/collector.ts`)});
    ${first}
    let sum = 0;
    const add = (list) => { for (const each of list) sum += each; };
    for (let call = 0; call < 3000; call++) add([1, 2, 3, 4, 5, 6, 7, 8]);
    // It compiles beside.
    const until = performance.now() + ${waitMs};
    while (numberOfDFGCompiles(add) === 0 && performance.now() < until) {
      await Bun.sleep(10);
      add([1]);
    }
    console.log(numberOfDFGCompiles(add) > 0);`;
  return Bun.spawnSync([process.execPath, "-e", script], { timeout: 20_000 }).stdout.toString() === "true\n";
}

test("has the engine compile later what is called often", () => {
  expect(isCompiled("", 10_000)).toBe(true);
  expect(isCompiled("spareCompiledCode();", 100)).toBe(false);
});
