import { describe, expect, test } from "bun:test";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import { createSystem } from "../sys/system.ts";
import { seededRandom } from "../sys/testing.ts";
import { readBridge } from "./bridge.ts";
import { holdBridge, missingGateways } from "./gateway.ts";
import { fakeKernel } from "./testing.ts";

const podCIDRs = parsePodCIDRs("10.1.2.0/24,fd00:1::/64");
const wanted = { podCIDRs, mtuBytes: 1280 };

function onKernel(addresses?: string[], ports: string[] = []) {
  const kernel = fakeKernel();
  if (addresses !== undefined) kernel.bridge = { addresses: addresses.map(parsePrefix), ports };
  const system = { ...createSystem(), exec: kernel.exec, random: seededRandom(1) };
  const look = async () => holdBridge(system, await readBridge(system), wanted);
  return { kernel, system, look };
}

describe("holdBridge()", () => {
  test("makes the bridge as the bridge plugin would, with an address of its own, and then leaves it alone", async () => {
    const { kernel, look } = onKernel();
    expect(await look()).toBe(true);
    const [, add = "", ...rest] = kernel.calls;
    expect(add).toMatch(/^ip link add name headcni0 address [0-9a-f][26ae](:[0-9a-f]{2}){5} mtu 1280 up type bridge$/);
    expect(rest).toEqual([
      "ip addr add 10.1.2.1/24 broadcast + dev headcni0",
      "ip addr add fd00:1::1/64 nodad dev headcni0",
    ]);
    expect(await look()).toBe(false);
  });

  test("gives back an address that was taken, to a bridge that stays as it is", async () => {
    const { kernel, look } = onKernel(["fd00:1::1/64"], ["veth1"]);
    expect(await look()).toBe(true);
    expect(kernel.calls.filter((call) => call.includes(" add "))).toEqual([
      "ip addr add 10.1.2.1/24 broadcast + dev headcni0",
    ]);
  });

  test.each(["RTNETLINK answers: File exists", "Error: ipv4: Address already assigned."])(
    "is content with what a pod's ADD has made meanwhile: %s",
    async (said) => {
      const { kernel, system } = onKernel();
      const run = kernel.exec.run;
      const exec: typeof kernel.exec = {
        run: async (argv, options) => {
          const result = await run(argv, options);
          return argv.includes("add") ? { ...result, exitCode: 2, stderr: said } : result;
        },
      };
      expect(await holdBridge({ ...system, exec }, { kind: "absent" }, wanted)).toBe(true);
    },
  );

  test("says what ip said when it refuses", async () => {
    const { kernel, system } = onKernel();
    kernel.ipFault = "RTNETLINK answers: Operation not permitted";
    await expect(holdBridge(system, { kind: "absent" }, wanted)).rejects.toThrow(
      "failed: RTNETLINK answers: Operation not permitted",
    );
  });
});

test.each([
  ["its gateways", ["10.1.2.1/24", "fd00:1::1/64"], []],
  ["none", [], ["10.1.2.1/24", "fd00:1::1/64"]],
  ["one of another PodCIDR, which the node agent sees to", ["10.9.0.1/24"], []],
])("missingGateways() of a bridge with %s", (_name, addresses, missing) => {
  const bridge = { addresses: addresses.map(parsePrefix), mtuBytes: 1280, ports: [] };
  expect(missingGateways({ kind: "present", bridge }, podCIDRs).map(String)).toEqual(missing);
});

test("missingGateways() are none where nothing can be looked at", () => {
  expect(missingGateways({ kind: "unknown", why: "no ip" }, podCIDRs)).toEqual([]);
});
