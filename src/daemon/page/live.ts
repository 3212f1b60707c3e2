// Server-sent events for the page: which sections have changed since it was loaded. As long as a page is open the status is looked at
// about once a second, for all pages together; otherwise never.

import { createLatest, type Latest } from "../../agent/latest.ts";
import type { Clock } from "../../sys/clock.ts";
import type { StatusDocument } from "../status.ts";
import { pageSections, type Sections, sectionNames } from "./sections.ts";

export interface LivePages {
  /** A stream of events for one page; undefined when as many are open as may be. */
  open(signal: AbortSignal): ReadableStream<Uint8Array> | undefined;
}

export interface LivePagesOptions {
  readonly clock: Clock;
  readonly status: () => StatusDocument;
}

/** Each holds a connection, and every local user may open some. */
const mostPages = 16;
const lookMs = 1000;
/** The server closes a connection on which nothing was sent for ten seconds. */
const quietMs = 5000;

export function createLivePages({ clock, status }: LivePagesOptions): LivePages {
  const shown = createLatest<Sections | undefined>(undefined);
  let open = 0;
  let isLooking = false;

  const look = (): void => {
    const next = pageSections(status());
    if (changes(shown.value, next) !== undefined) shown.set(next);
  };
  const keepLooking = async (): Promise<void> => {
    for (isLooking = true; open > 0; look()) await clock.sleep(lookMs);
    isLooking = false;
  };

  return {
    open: (signal) => {
      if (open >= mostPages) return undefined;
      open += 1;
      // The page that opens shows what is known now; nothing older may follow it.
      look();
      if (!isLooking) void keepLooking();
      const closed = new AbortController();
      const end = (): void => closed.abort();
      signal.addEventListener("abort", end, { once: true });
      closed.signal.addEventListener("abort", () => {
        signal.removeEventListener("abort", end);
        open -= 1;
      });
      const events = createEvents({ clock, shown, version: status().version, closed: closed.signal });
      return new ReadableStream({
        // One event is made when the last one has been taken: a page that does not read holds back nothing but itself.
        pull: async (controller) => {
          const event = await events();
          if (event === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(event));
        },
        cancel: end,
      });
    },
  };
}

interface EventsOptions {
  readonly clock: Clock;
  readonly shown: Latest<Sections | undefined>;
  readonly version: string;
  readonly closed: AbortSignal;
}

/** The next event of one page, as text; undefined when it is closed. */
function createEvents({ clock, shown, version, closed }: EventsOptions): () => Promise<string | undefined> {
  let seen: Sections | undefined;
  // Of another version the page loads itself anew: its script and style belong together.
  let first: string | undefined = `event: version\ndata: ${version}\n\n`;
  return async () => {
    if (first !== undefined) {
      const event = first;
      first = undefined;
      return event;
    }
    const isNew = changes(seen, shown.value) !== undefined;
    const next = isNew ? shown.value : await anotherWithin(quietMs, { clock, shown, closed });
    if (closed.aborted) return undefined;
    const changed = next === undefined ? undefined : changes(seen, next);
    if (changed === undefined) return ": nothing has changed\n\n";
    seen = next;
    return `event: sections\ndata: ${JSON.stringify(changed)}\n\n`;
  };
}

/** The next value, or the same after so long. */
async function anotherWithin(ms: number, { clock, shown, closed }: Omit<EventsOptions, "version">) {
  using enough = abortable(closed);
  void clock.sleep(ms, enough.signal).then(enough.abort);
  await shown.changed(shown.value, enough.signal);
  return shown.value;
}

function abortable(outer: AbortSignal) {
  const own = new AbortController();
  const abort = (): void => own.abort();
  return { signal: AbortSignal.any([outer, own.signal]), abort, [Symbol.dispose]: abort };
}

function changes(before: Sections | undefined, now: Sections | undefined): Record<string, string> | undefined {
  if (now === undefined) return undefined;
  const names = sectionNames.filter((name) => before?.[name].text !== now[name].text);
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, now[name].text]));
}
