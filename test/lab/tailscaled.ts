// One lab tailscaled: its prefs, its state, and what follows from them in the kernel of its node. LocalAPI in front of it is local-api.ts.

import type { Node } from "../harness/node.ts";
import type { LabControl, LabNode } from "./control.ts";
import type { Hub } from "./hub.ts";
import { addChains, addRules, changeRoutes, mendRules, removeChains, removeRules, setAddresses } from "./kernel.ts";

/** Those of a fresh tailscaled on Linux that somebody reads or writes here. Unknown ones are kept as they come. */
const freshPrefs: Readonly<Record<string, unknown>> = {
  ControlURL: "https://controlplane.tailscale.com",
  RouteAll: false,
  ExitNodeID: "",
  CorpDNS: true,
  RunSSH: false,
  WantRunning: false,
  LoggedOut: false,
  ShieldsUp: false,
  AdvertiseTags: null,
  Hostname: "",
  AdvertiseRoutes: null,
  NoSNAT: false,
  NoStatefulFiltering: true,
  NetfilterMode: 2,
  OperatorUser: "",
};

export interface LabTailscaledOptions {
  readonly node: Node;
  readonly control: LabControl;
  readonly hub: Hub;
  readonly version: string;
}

/** What a `Notify` of the bus is made of. */
export type Notify = Readonly<Record<string, unknown>>;

export class LabTailscaled {
  prefs: Record<string, unknown> = { ...freshPrefs };
  /** What a test has it say beside what is so: when its key expires, and that packets take a relay. */
  says: { readonly keyExpiry?: string; readonly isRelayed?: boolean } = {};
  /** Every write somebody asked for, in order: `PATCH prefs {…}`, `POST start`. */
  readonly requests: string[] = [];
  readonly #options: LabTailscaledOptions;
  readonly #listeners = new Set<(notify: Notify) => void>();
  #isStarted = false;
  #self: LabNode | undefined;
  /** The last network map; it outlives a loss of the control server, not a restart. */
  #map: readonly LabNode[] = [];
  #primary = new Map<number, readonly string[]>();
  #loginError = "";
  /** Whether it has ever been in a network map, and was not taken out: then it comes back by itself. */
  #isMember = false;
  #key = "";
  #applied = { routes: new Set<string>(), chains: "" };
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: LabTailscaledOptions) {
    this.#options = options;
  }

  get version(): string {
    return this.#options.version;
  }

  get node(): Node {
    return this.#options.node;
  }

  get self(): LabNode | undefined {
    return this.#self;
  }

  /** A test's node may end before the lab does, with all that was in it. */
  get #hasNode(): boolean {
    return this.node.exists("/proc");
  }

  get isRunning(): boolean {
    return this.#isStarted && this.#self !== undefined && this.prefs.WantRunning === true;
  }

  /** The process begins: rules are there before any login. */
  async start(): Promise<void> {
    this.#isStarted = true;
    await addRules(this.node);
    if (this.#key !== "" && this.prefs.WantRunning === true) await this.#logIn();
    await this.sync();
  }

  /** The process ends. `kill`: what it would take out stays, but the device goes with it. */
  async end(how: "stop" | "kill"): Promise<void> {
    this.#isStarted = false;
    await this.#work;
    if (this.#self !== undefined) this.#options.control.setOnline(this.#self.id, false);
    if (this.#hasNode) await this.#options.hub.unplug(this.node);
    if (how === "stop" && this.#hasNode) {
      await removeRules(this.node);
      await removeChains(this.node);
    }
    this.#applied = { routes: new Set(), chains: "" };
    this.#map = [];
    this.#self = undefined;
  }

  /** `POST start`. */
  async startWith(key: string, prefs: Readonly<Record<string, unknown>>): Promise<void> {
    this.requests.push("POST start");
    this.prefs = { ...prefs };
    if (key !== "") this.#key = key;
    await this.sync();
  }

  async logInInteractive(): Promise<void> {
    this.requests.push("POST login-interactive");
    await this.#whileThere(() => this.#logIn());
    await this.sync();
  }

  /** `PATCH prefs`: fields whose `…Set` is true. */
  async edit(masked: Readonly<Record<string, unknown>>): Promise<void> {
    const changed = Object.keys(masked).filter((name) => masked[`${name}Set`] === true);
    this.requests.push(
      `PATCH prefs ${JSON.stringify(Object.fromEntries(changed.map((name) => [name, masked[name]])))}`,
    );
    const wasOn = {
      routeAll: this.prefs.RouteAll,
      netfilter: this.prefs.NetfilterMode,
      running: this.prefs.WantRunning,
    };
    for (const name of changed) this.prefs[name] = masked[name];
    // What somebody took out comes back with these two switches and with nothing else.
    if (wasOn.routeAll !== this.prefs.RouteAll)
      this.#applied.routes = new Set([...this.#applied.routes].filter(isHost));
    if (wasOn.netfilter !== this.prefs.NetfilterMode) this.#applied.chains = "";
    if (wasOn.running !== this.prefs.WantRunning) await this.#setRunning();
    await this.sync();
  }

  /** `tailscale down` takes out routes and chains, `up` writes all of them. */
  async #setRunning(): Promise<void> {
    const isRunning = this.prefs.WantRunning === true;
    await this.#work;
    if (!isRunning) await this.#clear();
    if (this.#self !== undefined) this.#options.control.setOnline(this.#self.id, isRunning);
  }

  async #clear(): Promise<void> {
    await changeRoutes(this.node, [], [...this.#applied.routes]);
    await removeChains(this.node);
    this.#applied = { routes: new Set(), chains: "" };
  }

  /** What fails because the node has ended meanwhile is no failure. */
  async #whileThere(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#hasNode) throw error;
    }
  }

  async #logIn(): Promise<void> {
    const { control, node } = this.#options;
    const name = String(this.prefs.Hostname) || node.name;
    this.#loginError = "";
    const self = control.register(name, this.#key);
    if (self === undefined && this.#isMember) return;
    if (self === undefined) {
      this.#loginError = control.isUp
        ? "invalid pre auth key"
        : `Post "${control.url}/machine/register": connection refused`;
      return;
    }
    await this.#options.hub.plug(node, self.id);
    await setAddresses(node, self.addresses);
    // From here on others are led to it: its device has to be there.
    this.#self = self;
    this.#isMember = true;
    control.setOnline(self.id, true);
  }

  /** A new network map is there, or a pref has changed: makes the kernel so. One at a time. */
  sync(): Promise<void> {
    const next = this.#work.then(() => this.#whileThere(() => this.#sync()));
    this.#work = next.catch(() => undefined);
    return next;
  }

  async #sync(): Promise<void> {
    const { control } = this.#options;
    if (!this.#isStarted || !this.#hasNode) return;
    if (control.isUp && this.#self === undefined && this.#isMember && this.prefs.WantRunning === true)
      await this.#logIn();
    if (control.isUp && this.#self !== undefined) {
      const routes = Array.isArray(this.prefs.AdvertiseRoutes) ? this.prefs.AdvertiseRoutes.map(String) : [];
      const known = control.nodes().find(({ id }) => id === this.#self?.id);
      if (known !== undefined && JSON.stringify(known.advertised) !== JSON.stringify(routes))
        control.advertise(known.id, routes);
      this.#map = control.nodes();
      this.#self = this.#map.find(({ id }) => id === this.#self?.id);
      if (this.#self === undefined) await this.#leave();
      this.#primary = new Map(this.#map.map(({ id }) => [id, control.primaryRoutes(id)]));
    }
    if (this.isRunning) await this.#apply();
    this.notify({ Version: this.version, State: this.backendState === "Running" ? 6 : 4 });
  }

  /** The control server knows it no more: it has to be logged in anew. */
  async #leave(): Promise<void> {
    this.#isMember = false;
    this.#key = "";
    await this.#clear();
    await this.#options.hub.unplug(this.node);
  }

  async #apply(): Promise<void> {
    const wanted = new Set(this.#wantedRoutes());
    const { routes } = this.#applied;
    await changeRoutes(
      this.node,
      [...wanted].filter((route) => !routes.has(route)),
      [...routes].filter((route) => !wanted.has(route)),
    );
    const isOff = this.prefs.NetfilterMode === 0;
    const chains = { snat: this.prefs.NoSNAT !== true, stateful: this.prefs.NoStatefulFiltering !== true };
    const text = `${this.prefs.NetfilterMode} ${JSON.stringify(chains)}`;
    if (text !== this.#applied.chains) await (isOff ? removeChains(this.node) : addChains(this.node, chains));
    this.#applied = { routes: wanted, chains: text };
  }

  #wantedRoutes(): string[] {
    const peers = this.peers();
    const addresses = peers.flatMap((peer) => peer.addresses);
    const served = this.prefs.RouteAll === true ? peers.flatMap((peer) => this.primaryRoutes(peer.id)) : [];
    return ["100.100.100.100", ...addresses, ...served];
  }

  peers(): readonly LabNode[] {
    return this.#map.filter(({ id }) => id !== this.#self?.id);
  }

  /** As the last network map says. */
  primaryRoutes(id: number): readonly string[] {
    return this.#primary.get(id) ?? [];
  }

  /** Rules come back by themselves. */
  async mend(): Promise<void> {
    if (this.#isStarted && this.#hasNode) await mendRules(this.node);
  }

  get backendState(): string {
    if (this.prefs.WantRunning !== true) return this.#key === "" ? "NeedsLogin" : "Stopped";
    if (this.#self !== undefined) return "Running";
    return this.#loginError === "" && this.#key !== "" ? "Starting" : "NeedsLogin";
  }

  get health(): readonly string[] {
    return this.#loginError === "" ? [] : [`You are logged out. The last login error was: ${this.#loginError}`];
  }

  notify(notify: Notify): void {
    for (const listener of this.#listeners) listener(notify);
  }

  listen(listener: (notify: Notify) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function isHost(route: string): boolean {
  return !route.includes("/");
}
