import { describe, expect, test } from "bun:test";
import { readEnvironment } from "./environment.ts";

const all = {
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/x",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
} as const;

function refusal(env: Readonly<Record<string, string | undefined>>): unknown {
  try {
    return readEnvironment(env);
  } catch (error) {
    return error;
  }
}

describe("readEnvironment()", () => {
  test("gives the call's parameters", () => {
    expect(readEnvironment({ CNI_COMMAND: "ADD", ...all })).toEqual({
      command: "ADD",
      containerId: "c1",
      netns: "/run/netns/x",
      ifname: "eth0",
      mayBeOwnNetns: false,
      path: "/opt/cni/bin",
    });
  });

  test.each([
    ["ADD", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]],
    ["CHECK", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]],
    ["DEL", ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"]],
    ["GC", ["CNI_PATH"]],
    ["STATUS", ["CNI_PATH"]],
  ])("names every variable %s lacks, and asks for no other", (command, needed) => {
    expect(refusal({ CNI_COMMAND: command })).toMatchObject({
      cniCode: 4,
      message: `required env variables [${needed.join(",")}] missing`,
    });
    const just = Object.fromEntries(Object.entries(all).filter(([name]) => needed.includes(name)));
    expect(readEnvironment({ CNI_COMMAND: command, ...just })).toMatchObject({ command });
  });

  test("asks for nothing with VERSION", () => {
    expect(readEnvironment({ CNI_COMMAND: "VERSION" })).toMatchObject({ command: "VERSION" });
  });

  test.each([
    ["no command", { CNI_COMMAND: undefined }, "required env variables [CNI_COMMAND] missing"],
    ["an empty command", { CNI_COMMAND: "" }, "required env variables [CNI_COMMAND] missing"],
    ["an unknown command", { CNI_COMMAND: "UPDATE" }, "unknown CNI_COMMAND: UPDATE"],
    ["a command in lower case", { CNI_COMMAND: "add" }, "unknown CNI_COMMAND: add"],
    ["a container ID with a slash", { CNI_CONTAINERID: "../x" }, "invalid characters in containerID"],
    ["a container ID that begins with a dash", { CNI_CONTAINERID: "-x" }, "invalid characters in containerID"],
    ["a container ID with a newline at its end", { CNI_CONTAINERID: "x\n" }, "invalid characters in containerID"],
    ["an interface name of 16 bytes", { CNI_IFNAME: "a".repeat(16) }, "interface name is too long"],
    ["an interface name of 8 letters and 16 bytes", { CNI_IFNAME: "ä".repeat(8) }, "interface name is too long"],
    ["an interface named ..", { CNI_IFNAME: ".." }, "interface name is . or .."],
    [
      "an interface name with a slash",
      { CNI_IFNAME: "a/b" },
      "interface name contains / or : or whitespace characters",
    ],
    [
      "an interface name with a colon",
      { CNI_IFNAME: "a:1" },
      "interface name contains / or : or whitespace characters",
    ],
    ["an interface name with a tab", { CNI_IFNAME: "a\tb" }, "interface name contains / or : or whitespace characters"],
  ])("refuses %s with code 4", (_name, env, message) => {
    expect(refusal({ CNI_COMMAND: "ADD", ...all, ...env })).toMatchObject({ cniCode: 4, message });
  });

  test("takes names as long as the kernel's", () => {
    expect(readEnvironment({ CNI_COMMAND: "ADD", ...all, CNI_IFNAME: "a".repeat(15) }).ifname).toHaveLength(15);
  });
});
