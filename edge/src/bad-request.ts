/** URI of the location for requests that nginx cannot read. No client can ask for it, because nginx takes `..` out of paths. */
export const BAD_REQUEST = "/../bad-request";
