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
