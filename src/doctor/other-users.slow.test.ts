// The doctor of another user than root: it finds less, and nothing that is not so.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { HeadcniError } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import type { DoctorDocument, FaultDocument } from "./run-checks.ts";
import { type Patient, patient } from "./testing.ts";

let scene: Patient;
beforeAll(async () => {
  scene = await patient();
}, 60_000);
beforeEach(() => scene.heal());
afterAll(() => scene[Symbol.asyncDispose]());

const faultsIn = ({ checks }: DoctorDocument): readonly FaultDocument[] => checks.flatMap(({ faults }) => faults);
const owner = { uid: 65534, gid: 65534 } as const;

test("another user than root is told of nothing that only root can see", async () => {
  // The daemon holds another block than the configuration would give a new node.
  scene.node.root.write("/etc/headcni/config.yaml", "nodeName: node-1\nnetwork: { podCIDR: { base: 10.0.0.0/8 } }\n");
  const { files } = scene.node.system;
  const others: Files = {
    ...files,
    owner,
    readIfPresent: (path, maxBytes) => {
      if (!/node\.json$|conflist$/.test(path)) return files.readIfPresent(path, maxBytes);
      throw new HeadcniError("HC_FILE_READ", `Cannot read ${path}: permission denied`);
    },
  };
  const report = await scene.examined({ files: others });
  expect(faultsIn(report)).toEqual([]);
  const source = report.checks.find(({ id }) => id === "podcidr-source");
  expect(source).toMatchObject({ status: "not-checked", evidence: expect.stringContaining("run it as root") });
});

test("another user than root says nothing of a tailscaled that does not answer it", async () => {
  const { http, files } = scene.machine();
  const refused = async (): Promise<never> => {
    throw new HeadcniError(
      "HC_HTTP_FAILED",
      "Cannot GET /localapi/v0/status of /run/tailscale/tailscaled.sock: permission denied",
    );
  };
  const report = await scene.examined({
    files: { ...files, owner },
    http: {
      connect: async (target, options) => {
        const client = await http.connect(target, options);
        return target.kind === "unix" ? { ...client, request: refused, text: refused, json: refused } : client;
      },
    },
  });
  expect(faultsIn(report)).toEqual([]);
  const program = report.checks.find(({ id }) => id === "tailscaled");
  expect(program).toMatchObject({ status: "not-checked", evidence: expect.stringContaining("run it as root") });
});
