// What HeadCNI changes in tailscaled's prefs: its PodCIDRs among the routes that are offered, routes of others accepted, stateful
// filtering off. What is not ours is never touched, and what was before our first change is recorded, so that it can come back. Pure.

import { type Prefix, tryParsePrefix } from "../../cidr/prefix.ts";
import type { PrefsEdit, TailscalePrefs } from "../local-api/tailscale-prefs.ts";

/** What HeadCNI has changed, kept on disk: only this is ever taken back. */
export interface PrefsRecord {
  /** Routes that were added by us, those included whose adding may not have come about. */
  readonly advertised: readonly string[];
  /** Values before our first change, of prefs that we changed. */
  readonly before: { readonly routeAll?: boolean; readonly noStatefulFiltering?: boolean };
}

export const emptyRecord: PrefsRecord = { advertised: [], before: {} };

export interface PrefsPlan {
  /** Undefined when nothing is to be changed. */
  readonly edit: PrefsEdit | undefined;
  /** To be on disk before the edit is made. */
  readonly intended: PrefsRecord;
  /** To be on disk once it has been made. */
  readonly done: PrefsRecord;
}

/**
 * The way to prefs that carry pods' traffic.
 * @param routes our PodCIDRs; undefined: what we advertise stays as it is
 */
export function planPrefs(
  prefs: TailscalePrefs,
  record: PrefsRecord,
  routes: readonly Prefix[] | undefined,
): PrefsPlan {
  const { routeAll, noStatefulFiltering } = prefs;
  const isFiltering = noStatefulFiltering === false;
  const advertised = routes === undefined ? { edit: {}, ours: record.advertised } : wantedRoutes(prefs, record, routes);
  const before = {
    ...(routeAll ? {} : { routeAll }),
    ...(isFiltering ? { noStatefulFiltering } : {}),
    ...record.before,
  };
  return {
    edit: orUndefined({
      ...advertised.edit,
      ...(routeAll ? {} : { routeAll: true }),
      ...(isFiltering ? { noStatefulFiltering: true } : {}),
    }),
    intended: { advertised: [...new Set([...record.advertised, ...advertised.ours])], before },
    done: { advertised: advertised.ours, before },
  };
}

/** The way back: our routes out, and each pref as it was, unless it has been changed by others since. */
export function planRestore(prefs: TailscalePrefs, record: PrefsRecord): PrefsPlan {
  const { routeAll, noStatefulFiltering } = record.before;
  const { edit } = wantedRoutes(prefs, record, []);
  return {
    edit: orUndefined({
      ...edit,
      ...(routeAll === undefined || routeAll === prefs.routeAll ? {} : { routeAll }),
      ...(noStatefulFiltering === undefined || noStatefulFiltering === prefs.noStatefulFiltering
        ? {}
        : { noStatefulFiltering }),
    }),
    intended: record,
    done: emptyRecord,
  };
}

interface RoutesPlan {
  readonly edit: Pick<PrefsEdit, "advertiseRoutes">;
  /** Routes that are ours from then on. */
  readonly ours: readonly string[];
}

function wantedRoutes(prefs: TailscalePrefs, record: PrefsRecord, routes: readonly Prefix[]): RoutesPlan {
  const wanted = new Set(routes.map((route) => route.masked().toString()));
  const recorded = new Set(record.advertised);
  const kept = prefs.advertiseRoutes.filter((route) => {
    const name = canonical(route);
    return wanted.has(name) || !recorded.has(name);
  });
  const present = new Set(kept.map(canonical));
  const added = [...wanted].filter((route) => !present.has(route));
  const isSame = added.length === 0 && kept.length === prefs.advertiseRoutes.length;
  return {
    edit: isSame ? {} : { advertiseRoutes: [...kept, ...added] },
    // A route that was there before us is not ours.
    ours: [...wanted].filter((route) => recorded.has(route) || !present.has(route)),
  };
}

/** The form in which tailscaled and we write a CIDR. */
function canonical(route: string): string {
  return tryParsePrefix(route)?.toString() ?? route;
}

function orUndefined(edit: PrefsEdit): PrefsEdit | undefined {
  return Object.keys(edit).length === 0 ? undefined : edit;
}
