import { expect, test } from "bun:test";
import { HeadcniError } from "../errors.ts";
import { createJsonLog } from "./json-log.ts";

test("createJsonLog() writes level, time, code, fields and message, and drops what is below its level", () => {
  const lines: string[] = [];
  const log = createJsonLog(
    (line) => lines.push(line),
    () => 0,
    "info",
  );
  log.debug("not said");
  log.info("ConflistWritten", "Wrote it", { path: "/x", line: undefined });
  expect(lines).toEqual([
    '{"level":"info","time":"1970-01-01T00:00:00.000Z","code":"ConflistWritten","path":"/x","msg":"Wrote it"}\n',
  ]);
});

test("createJsonLog() keeps an error's chain of causes", () => {
  const lines: string[] = [];
  const cause = Object.assign(new Error("no"), { code: "EACCES" });
  const error = new HeadcniError("HC_FILE_WRITE", "Cannot write /x", { cause });
  createJsonLog(
    (line) => lines.push(line),
    () => 0,
    "debug",
  ).error("PartEnded", "It failed", { error });
  expect(JSON.parse(lines[0] ?? "").error).toMatchObject({
    type: "HeadcniError",
    message: "Cannot write /x",
    cause: { message: "no", code: "EACCES" },
  });
});
