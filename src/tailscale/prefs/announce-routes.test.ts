import { expect, test } from "bun:test";
import { memoryLog } from "../../sys/testing.ts";
import { announceRoutes } from "./announce-routes.ts";

test.each<[before: string[], after: string[] | undefined, said: unknown[][]]>([
  [["a"], undefined, []],
  [["a"], ["a"], []],
  [[], ["a", "b"], [["RouteAdvertised", ["a", "b"]]]],
  [["a", "b"], ["b"], [["RouteWithdrawn", ["a"]]]],
  [
    ["a"],
    ["b"],
    [
      ["RouteWithdrawn", ["a"]],
      ["RouteAdvertised", ["b"]],
    ],
  ],
])("announceRoutes() from %p to %p", (before, after, said) => {
  const log = memoryLog();
  announceRoutes(log, before, after);
  expect(log.entries.map(({ code, fields }) => [code, fields.routes])).toEqual(said);
});
