/** The prefix of Sluice's own annotations, without the slash. */
export const OWN_PREFIX = "sluice.ingress";
