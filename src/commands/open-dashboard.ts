/** The dashboard of a running Sluice, if its flags ask for one. */
import type { Program } from "../compile/program.ts";
import { createDashboard, type Dashboard } from "../dashboard/dashboard.ts";
import { createTokenReviews, type TokenReviews } from "../dashboard/token-review.ts";
import { readToken, SHORTEST_TOKEN } from "../dashboard/guard.ts";
import { DASHBOARD_DIR } from "../engine/paths.ts";
import { explanationText } from "../explain/explanation-text.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Built } from "../model/model.ts";
import type { HealthOptions } from "../report/health.ts";
import type { Settings } from "../settings.ts";
import { UserError } from "../support/user-error.ts";
import type { LiveExplanation } from "../explain/served.ts";
import { clusterOf } from "./sources.ts";

export interface OpenedDashboard extends Omit<Dashboard, "close"> {
  /** What keeps callers from being let in. */
  findings(): readonly Finding[];
  close(): Promise<void>;
}

/** Explains a request, given as JSON. Throws a UserError for what is no request. */
export type ExplainNow = (asked: string) => Promise<LiveExplanation>;

interface OpenDashboardOptions extends Pick<HealthOptions, "state" | "notReady" | "findings" | "journal" | "traffic"> {
  readonly settings: Settings;
  /** What objects are read from, in words. */
  readonly source: string;
  /** Undefined: nothing is served yet. */
  readonly current: () => { readonly built: Built; readonly program: Program } | undefined;
  readonly explain: ExplainNow;
  /** Called after `findings` changed. */
  readonly changed: () => void;
}

/** Undefined: the flags ask for none. Throws a UserError when the page was not built, or no token could ever be good. */
export function openDashboard(options: OpenDashboardOptions): OpenedDashboard | undefined {
  const { settings, current, findings, explain } = options;
  if (!settings.dashboard) return undefined;
  requireToken(settings.dashboardTokenFile);
  const reviews = reviewsFor(settings, options.changed);
  const dashboard = createDashboard({
    ...options,
    guard: { host: settings.healthzHost, tokenFile: settings.dashboardTokenFile, review: reviews?.review },
    folder: DASHBOARD_DIR,
    served: () => {
      const now = current();
      return now && { built: now.built, model: now.built.model, program: now.program, findings: findings() };
    },
    explain: async (asked, all) => explanationText(await explain(asked), all),
  });
  return {
    ...dashboard,
    findings: () => reviews?.findings() ?? [],
    async close() {
      dashboard.close();
      await reviews?.close();
    },
  };
}

function reviewsFor(settings: Settings, changed: () => void): TokenReviews | undefined {
  const open = settings.dashboardTokenReview ? clusterOf(settings) : undefined;
  return open && createTokenReviews(open, changed);
}

/** A file that cannot be read now, or holds next to nothing, would keep everybody out: better said at the start. */
function requireToken(file: string): void {
  if (file === "") return;
  let token: string;
  try {
    token = readToken(file);
  } catch (error) {
    throw new UserError(`--dashboard-token-file=${file} cannot be read: ${(error as Error).message}.`);
  }
  if (token.length < SHORTEST_TOKEN) {
    throw new UserError(`--dashboard-token-file=${file} holds a token of ${token.length} characters, and it could be guessed: make one of at least ${SHORTEST_TOKEN}, for example with "openssl rand -hex 32".`);
  }
}
