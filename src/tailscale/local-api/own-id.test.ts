import { expect, test } from "bun:test";
import type { JsonValue } from "../../sys/json.ts";
import { ownIdAfter } from "./own-id.ts";

test.each<[string, JsonValue, string | undefined]>([
  ["what changed of the node itself", { SelfChange: { ID: 3, StableID: "3" } }, "3"],
  ["a whole map", { NetMap: { SelfNode: { ID: 4, StableID: "4" }, Peers: [{ StableID: "5" }] } }, "4"],
  ["a change of peers", { SelfChange: null, NetMap: null, PeersChanged: [{ StableID: "5" }] }, "1"],
  ["a map without the node", { NetMap: { SelfNode: null } }, "1"],
  ["an id of another form", { SelfChange: { StableID: 7 } }, "1"],
  ["an id that is empty", { SelfChange: { StableID: "" } }, "1"],
  ["a login that has come about", { LoginFinished: {} }, undefined],
  ["a login that is needed", { State: 2 }, undefined],
  ["another state", { State: 6, LoginFinished: null }, "1"],
  ["no object", [1], "1"],
])("ownIdAfter() a line with %s", (_name, line, id) => {
  expect(ownIdAfter(JSON.stringify(line), "1")).toBe(id);
});

test("ownIdAfter() a line that is no JSON", () => {
  expect(ownIdAfter("{", "1")).toBe("1");
});
