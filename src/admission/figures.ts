/** What the webhook has done so far, for metrics. */

/** The checks of one Ingress (`namespace/name`), by outcome. */
export interface CheckCounts {
  readonly passed: number;
  readonly denied: number;
}

/** Seconds and bytes are those of the last check that passed, as ingress-nginx's `admission_*` gauges tell them. */
export interface AdmissionFigures {
  /** check_success and check_errors, for the Ingresses that were checked last. */
  readonly checks: ReadonlyMap<string, CheckCounts>;
  /** admission_tested_ingresses: how many Ingresses the check looked at. */
  readonly testedIngresses: number;
  /** admission_tested_duration. */
  readonly testedSeconds: number;
  /** admission_render_ingresses and admission_render_duration: nothing is rendered. */
  readonly renderedIngresses: number;
  readonly renderSeconds: number;
  /** admission_config_size: the size of the question, because no configuration is made. */
  readonly bytes: number;
  /** admission_roundtrip_duration: from the request's first byte to the answer. */
  readonly roundtripSeconds: number;
  /** HTTP requests by the status that they were answered with. */
  readonly answers: ReadonlyMap<number, number>;
}

export interface AdmissionCheck {
  readonly ingress: string;
  readonly allowed: boolean;
  readonly ingresses: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly roundtripSeconds: number;
}

export interface FigureKeeper {
  readonly figures: AdmissionFigures;
  checked(check: AdmissionCheck): void;
  answered(status: number): void;
}

/** Each name costs a series of metrics, and clients can make up any number of names. */
const MOST_INGRESSES = 1000;
/** Longest namespace and name, with a slash in between. An API server stores no longer ones, so they are not counted. */
const LONGEST_KEY = 63 + 1 + 253;

export function keepFigures(): FigureKeeper {
  const checks = new Map<string, CheckCounts>();
  const answers = new Map<number, number>();
  let last: Pick<AdmissionFigures, "testedIngresses" | "testedSeconds" | "bytes" | "roundtripSeconds"> = {
    testedIngresses: 0, testedSeconds: 0, bytes: 0, roundtripSeconds: 0,
  };
  return {
    get figures() {
      return { ...last, renderedIngresses: 0, renderSeconds: 0, checks, answers };
    },
    checked({ ingress, allowed, ingresses, seconds, bytes, roundtripSeconds }) {
      if (ingress.length <= LONGEST_KEY) {
        const { passed, denied } = checks.get(ingress) ?? { passed: 0, denied: 0 };
        checks.delete(ingress);
        checks.set(ingress, { passed: passed + Number(allowed), denied: denied + Number(!allowed) });
        const [oldest] = checks.keys();
        if (checks.size > MOST_INGRESSES && oldest !== undefined) checks.delete(oldest);
      }
      if (allowed) last = { testedIngresses: ingresses, testedSeconds: seconds, bytes, roundtripSeconds };
    },
    answered(status) {
      answers.set(status, (answers.get(status) ?? 0) + 1);
    },
  };
}
