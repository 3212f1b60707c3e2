import { expect, test } from "bun:test";
import { parseToml } from "./toml.ts";

test.each<[string, string]>([
  ["a = 1\ntoken = hunter2\n", "line 2: Strings must be quoted"],
  ['token = [\n"x",\nhunter2"more"]\n', "line 3: Strings must be quoted"],
  ["hunter2 = 1\nhunter2 = 2\n", "line 2: Cannot redefine key"],
  ["a = 1\na.hunter2 = 1\n", "line 2: Cannot redefine key"],
  ["a = 1hunter2\n", "line 1: Unexpected character after a value"],
  ["a = 1\nb == 2\n", "line 2: Expected a value but found '='"],
])("parseToml() says what is wrong and where, and repeats nothing of the text: %j", (text, words) => {
  expect(parseToml(text)).toEqual({ kind: "fault", why: `is not TOML in ${words}` });
});
