/** Of annotations that are Sluice's own, without the slash. */
export const OWN_PREFIX = "sluice.ingress";
