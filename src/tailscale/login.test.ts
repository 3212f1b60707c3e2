// The login, from the key in its file to what tailscaled is asked and what is said of it.

import { describe, expect, test } from "bun:test";
import { fakeClock, waitUntil } from "../sys/testing.ts";
import { readPrefsRecord } from "./prefs/prefs-record.ts";
import { loaded, loggedInPrefs, Node, play, podCIDR, type Scene } from "./scenes.fixture.ts";
import { fakePeer, fakeSocket, fakeTailscaled, freshPrefs, freshStatus, readyStatus } from "./testing.ts";

const key = "hskey-auth-abcdefghijkl-0123456789abcdef";
function putKey({ node }: Scene, text = key): void {
  node.root.write("/etc/headcni/authkey", `${text}\n`, 0o600);
}

const login = { server: "https://hs.example.com", authKeyFile: "/etc/headcni/authkey", hostname: "worker-1" };

describe("the login", () => {
  test("is one start with all prefs, then login-interactive, and the key is shown nowhere", async () => {
    await using node = new Node();
    await using fake = await fakeTailscaled(node.root);
    putKey({ node, fake });
    node.config.set(loaded({ login }));
    fake.login = (used) => {
      fake.status = used === key ? readyStatus() : freshStatus;
      fake.notify();
    };
    node.run();
    await waitUntil("ready", () => node.tailnet.value?.kind === "ready");
    expect(fake.changes()).toEqual(["POST start", "POST login-interactive"]);
    const [start] = fake.requests.filter(({ path }) => path === "start");
    const { Config: _, ...rest } = freshPrefs;
    const AdvertiseRoutes = [podCIDR];
    expect(start?.body).toEqual({
      AuthKey: key,
      UpdatePrefs: {
        ...rest,
        ControlURL: login.server,
        WantRunning: true,
        LoggedOut: false,
        Hostname: "worker-1",
        RouteAll: true,
        AdvertiseRoutes,
      },
    });
    expect(readPrefsRecord(node.system.files)).toEqual({
      socket: fakeSocket,
      advertised: AdvertiseRoutes,
      before: { routeAll: false },
    });
    expect(JSON.stringify([node.log.entries, node.raised, node.agent.status()])).not.toContain(key);
  });

  const refusal = (why: string) => ({
    ...freshStatus,
    Health: [`You are logged out. The last login error was: ${why}`],
  });

  test("is tried again at once when the file of a refused key changes", () =>
    play([
      {
        when: "there is no key",
        does: ({ node }) => node.config.set(loaded({ login })),
        state: "needs-login",
        raises: ["TailscaleKeyUnusable"],
      },
      {
        when: "there is one that is refused, with the key in the answer",
        does: (scene) => {
          scene.fake.login = (used) => {
            scene.fake.status = refusal(`authkey ${used} already used`);
            scene.fake.notify();
          };
          putKey(scene);
        },
        asks: ["POST start", "POST login-interactive"],
        state: "needs-login",
        raises: ["TailscaleLoginRefused"],
      },
      {
        when: "a good one",
        does: (scene) => {
          expect(scene.node.raised[0]?.text).toContain("authkey [redacted] already used");
          scene.fake.login = () => {
            scene.fake.status = readyStatus();
            scene.fake.notify();
          };
          putKey(scene, "hskey-auth-good");
        },
        asks: ["POST start", "POST login-interactive"],
        state: "ready",
      },
    ]));

  test.each([
    [
      "TailscaleControlUnreachable",
      'fetch control key: Get "https://hs.example.com/key?v=142": dial tcp: connection refused',
    ],
    ["TailscaleControlUnreachable", "register request: http 500: Internal Server Error"],
    ["TailscaleControlUnreachable", "register request: http 502: <html><h1>502 Bad Gateway</h1></html>"],
    ["TailscaleControlUnreachable", "register request: http 429: slow down"],
    ["TailscaleLoginRefused", "register request: http 401: no key 500"],
    ["TailscaleLoginRefused", "authkey expired"],
  ])("tells a key that is refused from a control server that cannot answer: %s, %s", async (code, why) => {
    await using node = new Node();
    await using fake = await fakeTailscaled(node.root);
    putKey({ node, fake });
    node.config.set(loaded({ login }));
    fake.login = () => {
      fake.status = refusal(why);
      fake.notify();
    };
    node.run();
    // A URL in it is shown without its query.
    const said = why.slice(why.lastIndexOf(": ") + 1);
    await waitUntil("what tailscaled says is read", () => node.raised.some(({ text }) => text.includes(said)));
    expect(node.codes()).toEqual([code]);
    expect(fake.changes()).toEqual(["POST start", "POST login-interactive"]);
  });

  test("is made for a node that is called running, asked to log in, and out of everybody's reach: it was removed", () =>
    play([
      {
        when: "an operator logs in anew",
        does: (scene) => {
          putKey(scene);
          scene.node.config.set(loaded({ login }));
          scene.fake.status = { ...readyStatus(), AuthURL: "https://hs.example.com/register/x" };
          scene.fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
        },
        state: "ready",
      },
      {
        when: "no other node answers",
        does: ({ node, fake }) => {
          fake.login = () => {
            fake.status = readyStatus();
            fake.notify();
          };
          node.isShutOut.set(true);
        },
        asks: ["POST start", "POST login-interactive"],
        state: "ready",
      },
    ]));

  describe("where an operator has begun to log in anew, and the node is not online any more", () => {
    const begun = {
      ...readyStatus(),
      AuthURL: "https://hs.example.com/register/x",
      Self: fakePeer(1, { Online: false }),
      Health: ["You are logged out. The last login error was: fetch control key: context canceled"],
    };

    test("is the operator's, without a key: a plain tailscale up would do nothing", () =>
      play([
        {
          when: "it is not finished",
          does: ({ fake }) => {
            fake.status = begun;
            fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
          },
          state: "needs-login",
          raises: ["TailscaleNeedsLogin"],
        },
        {
          when: "it is",
          does: ({ node, fake }) => {
            expect(node.raised[0]?.text).toContain("Run tailscale up --force-reauth --login-server=URL");
            fake.status = readyStatus();
            fake.notify();
          },
          state: "ready",
        },
      ]));

    test("is made with the key once the operator has had two minutes", async () => {
      const clock = fakeClock();
      await using node = new Node({ clock });
      await using fake = await fakeTailscaled(node.root);
      putKey({ node, fake });
      node.config.set(loaded({ login }));
      fake.status = begun;
      fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
      node.run();
      await waitUntil("it is seen", () => node.codes().includes("TailscaleNeedsLogin"));
      const asked = fake.requests.length;
      await clock.advance(119_000);
      await waitUntil("it is seen again", () => fake.requests.length > asked);
      expect(fake.changes()).toEqual([]);
      await clock.advance(2000);
      await waitUntil("the key is used", () => fake.changes().length === 2);
      expect(fake.changes()).toEqual(["POST start", "POST login-interactive"]);
    });
  });

  test("is not made where tailscaled is logged in, to whatever server", () =>
    play([
      {
        when: "logged in elsewhere",
        does: (scene) => {
          putKey(scene);
          scene.node.config.set(loaded({ login }));
          scene.fake.status = readyStatus();
          scene.fake.prefs = { ...loggedInPrefs, ControlURL: "https://other.example.com", AdvertiseRoutes: [podCIDR] };
        },
        state: "ready",
      },
    ]));

  test("refuses a key that others can read", () =>
    play([
      {
        when: "mode 0644",
        does: ({ node }) => {
          node.root.write("/etc/headcni/authkey", `${key}\n`, 0o644);
          node.config.set(loaded({ login }));
        },
        state: "needs-login",
        raises: ["TailscaleKeyUnusable"],
      },
    ]));
});
